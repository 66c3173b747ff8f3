import { TarsierError } from '../../shared/errors.ts'
import type { TemplateFault } from './template-messages.ts'
import { TemplateRenderer, unusable } from './template-renderer.ts'
import type { ChatMessage, ChatPart } from './types.ts'

/** First code point of the plane for private use: characters that no text means anything by. */
const PRIVATE = 0xf0000
const PRIVATE_END = 0xffffd

/** A rendered prompt, in order. `text` holds template and users' words alike, in which nothing is a control token any more. */
export type RenderedPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'control'; readonly token: number }
  | { readonly kind: 'clip' }

/** A message as the template is given it. */
interface ShownMessage {
  readonly role: string
  readonly content: string | readonly ChatPart[]
}

/** A word to see what a template shows. */
const TRIAL = 'tarsier'

export interface TemplateText {
  /** The checkpoint's own chat template (Jinja). */
  readonly template: string
  /** What stands for a clip in the rendered template. */
  readonly videoPad: string
}

export interface PromptVocabulary {
  /** Control tokens by their text. */
  readonly controls: ReadonlyMap<string, number>
  readonly bosText: string
  readonly eosText: string
}

/**
 * A checkpoint's chat template. It sees the users' own words, so that whatever it does to them it does as in the
 * reference, except that every character with which a control token begins or ends is masked by one of private use.
 * So no control token can be made of what users wrote, not even with the template's help.
 */
export class PromptTemplate {
  readonly #renderer: TemplateRenderer
  readonly #vocabulary: PromptVocabulary
  readonly #source: string
  readonly #videoPad: string
  /** Whether content is given as a list of parts. Templates without pictures know strings only. */
  #takesParts = false
  /** Whether a system message at the beginning is shown. Some templates pass over it, some refuse it. */
  #takesSystem = false

  private constructor(renderer: TemplateRenderer, { template, videoPad }: TemplateText, vocabulary: PromptVocabulary) {
    this.#renderer = renderer
    this.#source = template
    this.#videoPad = videoPad
    this.#vocabulary = vocabulary
  }

  /** Tries the template out. Throws `model-damaged` when it is no Jinja, and for one that goes beyond a limit of {@link TemplateRenderer}. */
  static async open(renderer: TemplateRenderer, text: TemplateText, vocabulary: PromptVocabulary): Promise<PromptTemplate> {
    const template = new PromptTemplate(renderer, text, vocabulary)
    template.#takesParts = await template.#showsParts()
    template.#takesSystem = await template.#showsSystem()
    return template
  }

  /**
   * Throws `usage` for messages in an order that the template refuses, `model-damaged` for a template that shows not even a question or that
   * goes beyond a limit, `context-full` for a conversation that no model could hold.
   */
  async render(given: readonly ChatMessage[], addGenerationPrompt: boolean): Promise<RenderedPart[]> {
    const messages = this.#takesSystem ? given : withoutSystem(given)
    const parts = messages.flatMap((message) => message.content)
    const masked = [...new Set([...this.#vocabulary.controls.keys(), this.#videoPad].flatMap(ends))]
    const written = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const masks = privateCharacters(masked.length, written + this.#source)

    const mask = (text: string) => Array.from(text, (character) => masks[masked.indexOf(character)] ?? character).join('')
    const unmask = (text: string) => Array.from(text, (character) => masked[masks.indexOf(character)] ?? character).join('')
    const shown = (part: ChatPart): ChatPart => (part.type === 'text' ? { type: 'text', text: mask(part.text) } : part)
    const shownMessages = messages.map(({ role, content }) => ({ role, content: this.#contentOf(content.map(shown)) }))
    const rendered = await this.#run(shownMessages, addGenerationPrompt).catch(async (error: unknown) => {
      throw await this.#failure(error)
    })
    const out = this.#split(rendered, unmask)
    const clips = parts.filter((part) => part.type === 'video').length
    const places = out.filter((part) => part.kind === 'clip').length
    if (places !== clips) throw unusable('failure', `it shows ${places} of ${clips} clips`)
    return out
  }

  #contentOf(parts: readonly ChatPart[]): string | readonly ChatPart[] {
    const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    return this.#takesParts || texts.length < parts.length ? parts : texts.join('\n')
  }

  /** Throws whatever the renderer does. */
  #run(messages: readonly ShownMessage[], addGenerationPrompt: boolean): Promise<string> {
    return this.#renderer.render(this.#source, {
      messages,
      add_generation_prompt: addGenerationPrompt,
      bos_token: this.#vocabulary.bosText,
      eos_token: this.#vocabulary.eosText,
    })
  }

  /** What the template makes of messages; nothing where it refuses them. */
  async #tried(messages: readonly ShownMessage[]): Promise<string> {
    try {
      return await this.#run(messages, false)
    } catch (error) {
      if (refusal(error) === null) throw error
      return ''
    }
  }

  async #showsParts(): Promise<boolean> {
    const rendered = await this.#tried([{ role: 'user', content: [{ type: 'text', text: TRIAL }] }])
    // A template that knows strings only prints the list itself.
    return rendered.includes(TRIAL) && !/["']type["']\s*:/.test(rendered)
  }

  async #showsSystem(): Promise<boolean> {
    return (await this.#tried([this.#trial('system', TRIAL), this.#trial('user', '?')])).includes(TRIAL)
  }

  #trial(role: ChatMessage['role'], text: string): ShownMessage {
    return { role, content: this.#contentOf([{ type: 'text', text }]) }
  }

  /** What to tell of a template that failed: it may be of no use at all, or only refuse these messages. */
  async #failure(error: unknown): Promise<unknown> {
    const said = refusal(error)
    if (said === null || !(await this.#tried([this.#trial('user', TRIAL)])).includes(TRIAL)) return error
    return new TarsierError('usage', `The model's chat template does not take these messages: ${said.replace(/\.$/, '')}.`, {
      cause: error,
      details: { param: 'messages' },
    })
  }

  #split(rendered: string, unmask: (text: string) => string): RenderedPart[] {
    const { controls } = this.#vocabulary
    const pad = surroundings(this.#videoPad, controls)
    const special = [this.#videoPad, ...[...controls.keys()].sort((a, b) => b.length - a.length)]
    const parts: RenderedPart[] = []
    for (const [i, piece] of rendered.split(new RegExp(`(${special.map(literally).join('|')})`, 'u')).entries()) {
      if (i % 2 === 0) {
        if (piece !== '') parts.push({ kind: 'text', text: unmask(piece) })
        continue
      }
      const token = controls.get(piece)
      if (piece === this.#videoPad) parts.push(...pad.before, { kind: 'clip' }, ...pad.after)
      else if (token !== undefined) parts.push({ kind: 'control', token })
    }
    return parts
  }
}

/**
 * Renders a first question, as an import does before it begins: what no question could be asked with is not worth importing.
 * Throws `model-damaged`.
 */
export async function tryTemplate(text: TemplateText): Promise<void> {
  await using renderer = new TemplateRenderer()
  const template = await PromptTemplate.open(renderer, text, { controls: new Map(), bosText: '', eosText: '' })
  await template.render([{ role: 'user', content: [{ type: 'video' }, { type: 'text', text: 'What happens?' }] }], true)
}

/** What a template said that failed over its messages; null for everything else that went wrong. */
function refusal(error: unknown): string | null {
  if (!(error instanceof TarsierError) || error.details?.fault !== ('failure' satisfies TemplateFault)) return null
  return String(error.details.said)
}

/** The system messages' text before the first user's, for templates that have no place for it. */
function withoutSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === 'system').flatMap(({ content }) => content)
  const rest = messages.filter(({ role }) => role !== 'system')
  const place = rest.findIndex(({ role }) => role === 'user')
  const between: readonly ChatPart[] = [{ type: 'text', text: '\n\n' }]
  if (system.length === 0) return messages
  return rest.map((message, i) => (i === place ? { ...message, content: [...system, ...between, ...message.content] } : message))
}

/** A pad given with its brackets (`<|vision_start|><|video_pad|><|vision_end|>`) keeps them around the clip. */
function surroundings(videoPad: string, controls: ReadonlyMap<string, number>): { before: RenderedPart[]; after: RenderedPart[] } {
  const bracket = (fits: (text: string) => boolean): RenderedPart[] => {
    const found = [...controls].find(([text]) => text !== videoPad && fits(text))
    return found ? [{ kind: 'control', token: found[1] }] : []
  }
  const before = bracket((text) => videoPad.startsWith(text))
  const after = bracket((text) => videoPad.endsWith(text))
  return before.length > 0 && after.length > 0 ? { before, after } : { before: [], after: [] }
}

/** First and last character of a text. */
function ends(text: string): string[] {
  const characters = Array.from(text)
  return [characters[0] ?? '', characters.at(-1) ?? ''].filter((character) => character !== '')
}

/** So many characters of private use that a text does not hold. */
function privateCharacters(count: number, text: string): string[] {
  const taken = new Set(text)
  const free: string[] = []
  for (let code = PRIVATE; code <= PRIVATE_END && free.length < count; code += 1) {
    const character = String.fromCodePoint(code)
    if (!taken.has(character)) free.push(character)
  }
  if (free.length < count) throw new TarsierError('usage', 'The prompt holds too many different characters of private use. Leave some out.')
  return free
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
