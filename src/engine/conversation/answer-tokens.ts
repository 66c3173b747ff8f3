import { TarsierError } from '../../shared/errors.ts'
import type { ChatMessage, Language, PromptSegment } from '../language/types.ts'

/** A text as the model's answer: tokens, and the place in the text where each begins. */
export interface AnswerTokens {
  readonly text: string
  readonly tokens: readonly number[]
  /** Index of the first UTF-16 unit of each token in `text`. */
  readonly starts: readonly number[]
}

/**
 * Tokenizes a text as the model would write it as its answer to messages. Templates that write a space before an answer, as Tarsier 1's, leave that
 * space to the first token of the answer; answers that begin with it already have it.
 * @param answerPrefix text that the answer starts with, without `text`; may be empty
 */
export async function answerTokens(
  language: Pick<Language, 'prompt' | 'tokenize' | 'tokenizeFurther' | 'spelling'>,
  messages: readonly ChatMessage[],
  answerPrefix: string,
  text: string,
): Promise<AnswerTokens> {
  if (answerPrefix !== '' || /^\s/u.test(text)) return placed(language, text, language.tokenizeFurther(text))
  const tokens = language.tokenize(text)
  const asked = idsOf(await language.prompt(messages, { addGenerationPrompt: true }))
  const answer: ChatMessage = { role: 'assistant', content: [{ type: 'text', text }] }
  const answered = await language.prompt([...messages, answer], { addGenerationPrompt: false }).then(idsOf, (error: unknown) => {
    // A template that takes no answers writes nothing before one.
    if (error instanceof TarsierError) return []
    throw error
  })
  const follows = (some: readonly number[]) => [...asked, ...some].every((id, i) => answered[i] === id)
  const spaced = language.tokenizeFurther(` ${text}`)
  return placed(language, text, !follows(tokens) && follows(spaced) ? spaced : tokens)
}

function placed(language: Pick<Language, 'spelling'>, text: string, tokens: readonly number[]): AnswerTokens {
  const starts: number[] = []
  const bytes = Buffer.from(text)
  const pieces = tokens.map((token) => language.spelling(token))
  // A space before the text has no place in it, and normalization may change its length: then the places are approximate.
  let at = Math.min(0, bytes.length - pieces.reduce((sum, piece) => sum + piece.length, 0))
  for (const piece of pieces) {
    starts.push(bytes.subarray(0, Math.max(0, at)).toString().length)
    at += piece.length
  }
  return { text, tokens, starts }
}

/** Tokens of a prompt, with -1 for a clip. */
function idsOf(segments: readonly PromptSegment[]): number[] {
  return segments.flatMap((segment) => (segment.kind === 'tokens' ? segment.tokens : [-1]))
}
