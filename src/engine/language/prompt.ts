import type { PromptTemplate, RenderedPart } from './prompt-template.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { ChatMessage, PromptOptions, PromptSegment } from './types.ts'

/** Renders turns and makes tokens of them. Words of the template and of users that stand side by side are tokenised as one text, as in the reference. */
export function buildPrompt(
  template: PromptTemplate,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: PromptOptions & { readonly spaceOnce: boolean },
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
    else if (part.kind === 'tokens') tokens = tokens.concat(part.tokens)
    else tokens = tokens.concat(begun && options.spaceOnce ? tokenizer.tokenizeFurther(part.text) : tokenizer.tokenize(part.text))
    begun = true
  }
  if (tokens.length > 0) segments.push({ kind: 'tokens', tokens })
  return tokenizer.bos === null ? segments : withBos(segments, tokenizer.bos)
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
