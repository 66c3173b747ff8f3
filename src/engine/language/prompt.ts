import type { PromptTemplate, RenderedPart } from './prompt-template.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { ChatMessage, PromptOptions, PromptSegment } from './types.ts'

/**
 * Renders messages and makes tokens of them. Words of the template and of users that stand side by side are tokenised as one text, as in the
 * reference. `batch` is the most tokens of a piece.
 */
export function buildPrompt(
  template: PromptTemplate,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: PromptOptions & { readonly spaceOnce: boolean; readonly batch: number },
): PromptSegment[] {
  const segments: PromptSegment[] = []
  let tokens: number[] = []
  let begun = false
  for (const part of withText(template.render(messages, options.addGenerationPrompt), options.begun ?? '')) {
    if (part.kind === 'clip') {
      if (tokens.length > 0) segments.push({ kind: 'tokens', tokens })
      segments.push(part)
      tokens = []
    } else if (part.kind === 'control') tokens.push(part.token)
    else tokens = tokens.concat(begun && options.spaceOnce ? tokenizer.tokenizeFurther(part.text) : tokenizer.tokenize(part.text))
    begun = true
  }
  if (tokens.length > 0) segments.push({ kind: 'tokens', tokens })
  const whole = tokenizer.bos === null ? segments : withBos(segments, tokenizer.bos)
  return whole.flatMap((segment) => (segment.kind === 'clip' ? [segment] : pieces(segment.tokens, tokenizer, options.batch)))
}

/** Tokens in pieces: one ends after a token that ends a message, because that is where the next question's prompt goes another way, and where it is full. */
function pieces(tokens: readonly number[], tokenizer: Pick<Tokenizer, 'isEnd'>, batch: number): PromptSegment[] {
  const made: number[][] = []
  let piece: number[] = []
  for (const token of tokens) {
    piece.push(token)
    if (piece.length < batch && !tokenizer.isEnd(token)) continue
    made.push(piece)
    piece = []
  }
  if (piece.length > 0) made.push(piece)
  return made.map((piece) => ({ kind: 'tokens', tokens: piece }))
}

/** The text is not shown to the template, which would end the turn after it. */
function withText(parts: readonly RenderedPart[], text: string): readonly RenderedPart[] {
  const last = parts.at(-1)
  if (text === '') return parts
  return last?.kind === 'text' ? [...parts.slice(0, -1), { kind: 'text', text: last.text + text }] : [...parts, { kind: 'text', text }]
}

/** Models that want their beginning token get it once, whether or not the template wrote it. */
function withBos(segments: readonly PromptSegment[], bos: number): PromptSegment[] {
  const [first, ...rest] = segments
  if (first?.kind !== 'tokens') return [{ kind: 'tokens', tokens: [bos] }, ...segments]
  return first.tokens[0] === bos ? [first, ...rest] : [{ kind: 'tokens', tokens: [bos, ...first.tokens] }, ...rest]
}
