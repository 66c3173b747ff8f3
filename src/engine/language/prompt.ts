import type { PromptTemplate, RenderedPart } from './prompt-template.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { ChatMessage, PromptOptions, PromptSegment } from './types.ts'

/** Text that starts with a space, either as such or in SentencePiece's form. */
const SPACED = /^[ ▁]/

/**
 * Renders and tokenizes messages. Adjacent text of the template and of messages is tokenized as one text, as in the reference. `batch` is
 * the maximum number of tokens per piece.
 */
export async function buildPrompt(
  template: PromptTemplate,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: PromptOptions & { readonly spaceOnce: boolean; readonly spaceUnlessGiven: boolean; readonly batch: number },
): Promise<PromptSegment[]> {
  const segments: PromptSegment[] = []
  let tokens: number[] = []
  let notFirst = false
  const leads = messages.flatMap(({ content }) => content.flatMap((part) => (part.type === 'video' ? [part.lead ?? ''] : [])))
  const rendered = withLeads(await template.render(messages, options.addGenerationPrompt), leads)
  for (const part of withText(rendered, options.answerPrefix ?? '')) {
    if (part.kind === 'clip') {
      if (tokens.length > 0) segments.push({ kind: 'tokens', tokens })
      segments.push(part)
      tokens = []
    } else if (part.kind === 'control') tokens.push(part.token)
    else {
      const bare = (notFirst && options.spaceOnce) || (options.spaceUnlessGiven && SPACED.test(part.text))
      for (const token of bare ? tokenizer.tokenizeFurther(part.text) : tokenizer.tokenize(part.text)) tokens.push(token)
    }
    notFirst = true
  }
  if (tokens.length > 0) segments.push({ kind: 'tokens', tokens })
  const whole = withAdditions(segments, tokenizer)
  return whole.flatMap((segment) => (segment.kind === 'clip' ? [segment] : pieces(segment.tokens, tokenizer, options.batch)))
}

/**
 * Splits tokens into pieces. A piece ends after a token that ends a message, because the prompt of the next question may differ from there
 * on, or when it is full.
 */
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

/** Puts the leads of clips, in order, before the control tokens that open them. */
function withLeads(parts: readonly RenderedPart[], leads: readonly string[]): readonly RenderedPart[] {
  const left = [...leads]
  const made: RenderedPart[] = []
  for (const part of parts) {
    const lead = part.kind === 'clip' ? (left.shift() ?? '') : ''
    if (lead !== '') {
      const opening = made.at(-1)?.kind === 'control' ? made.splice(-1) : []
      // Joined with text before it, because they are tokenized as one text.
      const joined = withText(made.splice(0), lead)
      made.push(...joined, ...opening)
    }
    made.push(part)
  }
  return made
}

/** Appends the answer's prefix after rendering, because the template would end the turn after it. */
function withText(parts: readonly RenderedPart[], text: string): readonly RenderedPart[] {
  const last = parts.at(-1)
  if (text === '') return parts
  return last?.kind === 'text' ? [...parts.slice(0, -1), { kind: 'text', text: last.text + text }] : [...parts, { kind: 'text', text }]
}

/** Adds BOS and EOS tokens for models that need them, like transformers: none if the template wrote the BOS token itself. */
function withAdditions(segments: readonly PromptSegment[], { bos, eos }: Pick<Tokenizer, 'bos' | 'eos'>): PromptSegment[] {
  const [first] = segments
  if (bos !== null && first?.kind === 'tokens' && first.tokens[0] === bos) return [...segments]
  return joined([...(bos === null ? [] : [tokensOf(bos)]), ...segments, ...(eos === null ? [] : [tokensOf(eos)])])
}

function tokensOf(token: number): PromptSegment {
  return { kind: 'tokens', tokens: [token] }
}

/** Joins adjacent token segments. */
function joined(segments: readonly PromptSegment[]): PromptSegment[] {
  const made: PromptSegment[] = []
  for (const segment of segments) {
    const last = made.at(-1)
    if (segment.kind === 'tokens' && last?.kind === 'tokens')
      made[made.length - 1] = { kind: 'tokens', tokens: [...last.tokens, ...segment.tokens] }
    else made.push(segment)
  }
  return made
}
