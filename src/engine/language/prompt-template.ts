import { Template } from '@huggingface/jinja'
import { TarsierError } from '../../shared/errors.ts'
import type { ChatMessage, ChatPart } from './types.ts'

/** First code point of the plane for private use: characters that no text means anything by. */
const PRIVATE = 0xf0000
const PRIVATE_END = 0xffffd

/** A rendered prompt, in order. `text` holds template and users' words alike, in which nothing is a control token any more. */
export type RenderedPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'control'; readonly token: number }
  | { readonly kind: 'clip' }

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
  readonly #template: Template
  readonly #vocabulary: PromptVocabulary
  readonly #source: string
  readonly #videoPad: string
  /** Whether content is given as a list of parts. Templates without pictures know strings only. */
  readonly #takesParts: boolean

  /** Throws `model-damaged` when the template is no Jinja. */
  constructor(source: string, videoPad: string, vocabulary: PromptVocabulary) {
    this.#source = source
    this.#videoPad = videoPad
    this.#vocabulary = vocabulary
    try {
      this.#template = new Template(source)
    } catch (error) {
      throw unusable(error)
    }
    this.#takesParts = this.#showsParts()
  }

  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): RenderedPart[] {
    const parts = messages.flatMap((message) => message.content)
    const masked = [...new Set([...this.#vocabulary.controls.keys(), this.#videoPad].flatMap(ends))]
    const written = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    const masks = privateCharacters(masked.length, written + this.#source)

    const mask = (text: string) => Array.from(text, (character) => masks[masked.indexOf(character)] ?? character).join('')
    const unmask = (text: string) => Array.from(text, (character) => masked[masks.indexOf(character)] ?? character).join('')
    const shown = (part: ChatPart): ChatPart => (part.type === 'text' ? { type: 'text', text: mask(part.text) } : part)
    const rendered = this.#run(
      messages.map(({ role, content }) => ({ role, content: this.#contentOf(content.map(shown)) })),
      addGenerationPrompt,
    )
    const out = this.#split(rendered, unmask)
    const clips = parts.filter((part) => part.type === 'video').length
    const places = out.filter((part) => part.kind === 'clip').length
    if (places !== clips) throw unusable(new Error(`it shows ${places} of ${clips} clips`))
    return out
  }

  #contentOf(parts: readonly ChatPart[]): string | readonly ChatPart[] {
    const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    return this.#takesParts || texts.length < parts.length ? parts : texts.join('')
  }

  #run(messages: readonly { role: string; content: string | readonly ChatPart[] }[], addGenerationPrompt: boolean): string {
    try {
      return this.#template.render({
        messages,
        add_generation_prompt: addGenerationPrompt,
        bos_token: this.#vocabulary.bosText,
        eos_token: this.#vocabulary.eosText,
      })
    } catch (error) {
      throw unusable(error)
    }
  }

  #showsParts(): boolean {
    const words = 'tarsier'
    try {
      const rendered = this.#template.render({
        messages: [{ role: 'user', content: [{ type: 'text', text: words }] }],
        add_generation_prompt: false,
        bos_token: this.#vocabulary.bosText,
        eos_token: this.#vocabulary.eosText,
      })
      // A template that knows strings only prints the list itself.
      return rendered.includes(words) && !/["']type["']\s*:/.test(rendered)
    } catch {
      return false
    }
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

function unusable(cause: unknown): TarsierError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TarsierError('model-damaged', `The model's chat template cannot be used: ${reason}. Import the model again.`, { cause })
}
