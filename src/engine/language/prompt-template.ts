import { TarsierError } from '../../shared/errors.ts'
import type { TemplateFault } from './template-messages.ts'
import { TemplateRenderer, unusable } from './template-renderer.ts'
import type { ChatMessage, ChatPart } from './types.ts'

/** First code point of a private use plane: characters without a meaning in any text. */
const PRIVATE = 0xf0000
const PRIVATE_END = 0xffffd

/** A rendered prompt, in order. `text` contains text of the template and of messages, without control tokens. */
export type RenderedPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'control'; readonly token: number }
  | { readonly kind: 'clip' }

/** A message as it is passed to the template. */
interface ShownMessage {
  readonly role: string
  readonly content: string | readonly ChatPart[]
}

/** Sample text to detect what a template outputs. */
const TRIAL = 'tarsier'

export interface TemplateText {
  /** The checkpoint's own chat template (Jinja). */
  readonly template: string
  /** Placeholder for a clip in the rendered template. */
  readonly videoPad: string
}

export interface PromptVocabulary {
  /** Control tokens by text. */
  readonly controls: ReadonlyMap<string, number>
  readonly bosText: string
  readonly eosText: string
}

/**
 * A checkpoint's chat template. It receives the messages' original text, so that it processes the text as in the reference, except that
 * every character with which a control token starts or ends is replaced by a private use character. So no control token can result from a
 * message's text, not even with the template's help.
 */
export class PromptTemplate {
  readonly #renderer: TemplateRenderer
  readonly #vocabulary: PromptVocabulary
  readonly #source: string
  readonly #videoPad: string
  /** Whether content is passed as a list of parts. Templates of text-only models support only strings. */
  #takesParts = false
  /** Whether the template outputs a leading system message. Some templates ignore it, others reject it. */
  #takesSystem = false

  get takesSystem(): boolean {
    return this.#takesSystem
  }

  private constructor(renderer: TemplateRenderer, { template, videoPad }: TemplateText, vocabulary: PromptVocabulary) {
    this.#renderer = renderer
    this.#source = template
    this.#videoPad = videoPad
    this.#vocabulary = vocabulary
  }

  /** Tests the template. Throws `model-damaged` if it is not valid Jinja or exceeds a limit of {@link TemplateRenderer}. */
  static async open(renderer: TemplateRenderer, text: TemplateText, vocabulary: PromptVocabulary): Promise<PromptTemplate> {
    const template = new PromptTemplate(renderer, text, vocabulary)
    template.#takesParts = await template.#showsParts()
    template.#takesSystem = await template.#showsSystem()
    return template
  }

  /**
   * Throws `usage` if the template rejects the order of the messages, `model-damaged` if the template does not output even a single
   * question or exceeds a limit, `context-full` for a conversation larger than the context of any model.
   */
  async render(given: readonly ChatMessage[], addGenerationPrompt: boolean): Promise<RenderedPart[]> {
    const messages = this.#takesSystem ? given : withoutSystem(given)
    const parts = messages.flatMap((message) => message.content)
    const masked = [...new Set([...this.#vocabulary.controls.keys(), this.#videoPad].flatMap(ends))]
    const written = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const masks = privateCharacters(masked.length, written + this.#source)

    const mask = (text: string) => Array.from(text, (character) => masks[masked.indexOf(character)] ?? character).join('')
    const unmask = (text: string) => Array.from(text, (character) => masked[masks.indexOf(character)] ?? character).join('')
    const shown = (part: ChatPart): ChatPart => (part.type === 'text' ? { type: 'text', text: mask(part.text) } : { type: part.type })
    const shownMessages = messages.map(({ role, content }) => ({ role, content: this.#contentOf(content.map(shown)) }))
    const rendered = await this.#run(shownMessages, addGenerationPrompt).catch(async (error: unknown) => {
      throw await this.#failure(error)
    })
    const out = this.#split(rendered, unmask)
    const clips = parts.filter((part) => part.type === 'video').length
    const places = out.filter((part) => part.kind === 'clip').length
    if (places !== clips) throw unusable('failure', `it contains ${places} of ${clips} clips`)
    return out
  }

  #contentOf(parts: readonly ChatPart[]): string | readonly ChatPart[] {
    const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    return this.#takesParts || texts.length < parts.length ? parts : texts.join('\n')
  }

  /** Throws as the renderer does. */
  #run(messages: readonly ShownMessage[], addGenerationPrompt: boolean): Promise<string> {
    return this.#renderer.render(this.#source, {
      messages,
      add_generation_prompt: addGenerationPrompt,
      bos_token: this.#vocabulary.bosText,
      eos_token: this.#vocabulary.eosText,
    })
  }

  /** Renders messages; returns an empty string if the template rejects them. */
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
    // A template that supports only strings outputs the list itself.
    return rendered.includes(TRIAL) && !/["']type["']\s*:/.test(rendered)
  }

  async #showsSystem(): Promise<boolean> {
    return (await this.#tried([this.#trial('system', TRIAL), this.#trial('user', '?')])).includes(TRIAL)
  }

  #trial(role: ChatMessage['role'], text: string): ShownMessage {
    return { role, content: this.#contentOf([{ type: 'text', text }]) }
  }

  /** Returns the error for a template that failed: either the template is unusable, or it rejects only these messages. */
  async #failure(error: unknown): Promise<unknown> {
    const message = refusal(error)
    if (message === null || !(await this.#tried([this.#trial('user', TRIAL)])).includes(TRIAL)) return error
    return new TarsierError('usage', `The chat template of the model rejects these messages: ${message.replace(/\.$/, '')}.`, {
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
 * Renders a sample question. Used before an import, because a model with an unusable template cannot answer any question.
 * Throws `model-damaged`.
 */
export async function tryTemplate(text: TemplateText): Promise<void> {
  await using renderer = new TemplateRenderer()
  const template = await PromptTemplate.open(renderer, text, { controls: new Map(), bosText: '', eosText: '' })
  await template.render([{ role: 'user', content: [{ type: 'video' }, { type: 'text', text: 'What happens?' }] }], true)
}

/** Message of a template that failed on its input; null for all other errors. */
function refusal(error: unknown): string | null {
  if (!(error instanceof TarsierError) || error.details?.fault !== ('failure' satisfies TemplateFault)) return null
  return String(error.details.said)
}

/** Moves the text of system messages to the start of the first user message, for templates that do not support system messages. */
function withoutSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const system = messages.filter(({ role }) => role === 'system').flatMap(({ content }) => content)
  const rest = messages.filter(({ role }) => role !== 'system')
  const place = rest.findIndex(({ role }) => role === 'user')
  const between: readonly ChatPart[] = [{ type: 'text', text: '\n\n' }]
  if (system.length === 0) return messages
  return rest.map((message, i) => (i === place ? { ...message, content: [...system, ...between, ...message.content] } : message))
}

/** If the placeholder includes its delimiters (`<|vision_start|><|video_pad|><|vision_end|>`), they are kept around the clip. */
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

/** Returns `count` private use characters that do not occur in a text. */
function privateCharacters(count: number, text: string): string[] {
  const taken = new Set(text)
  const free: string[] = []
  for (let code = PRIVATE; code <= PRIVATE_END && free.length < count; code += 1) {
    const character = String.fromCodePoint(code)
    if (!taken.has(character)) free.push(character)
  }
  if (free.length < count)
    throw new TarsierError('usage', 'The prompt contains too many different private-use characters. Remove some of them.')
  return free
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
