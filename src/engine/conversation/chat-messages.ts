import type { Message } from '../engine-client.ts'
import type { ChatMessage, ChatPart, Language } from '../language/types.ts'

interface ImageOrText {
  readonly role: Message['role']
  readonly content: readonly ({ readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip' })[]
}

/**
 * Converts messages for the chat template, with a placeholder for each clip.
 * @param leads texts that belong directly before the clips, in their order. Defaults to none
 */
export function chatMessages(messages: readonly ImageOrText[], leads: readonly string[] = []): ChatMessage[] {
  const left = [...leads]
  const shown = (part: ImageOrText['content'][number]): ChatPart =>
    part.kind === 'text' ? { type: 'text', text: part.text } : { type: 'video', lead: left.shift() ?? '' }
  return messages.map(({ role, content }) => ({ role, content: content.map(shown) }))
}

/** Counts the text tokens of messages, including the start of the model's turn; clips are not counted. */
export async function countText(
  language: Pick<Language, 'prompt'>,
  messages: readonly ImageOrText[],
  leads?: readonly string[],
): Promise<number> {
  const segments = await language.prompt(chatMessages(messages, leads), { addGenerationPrompt: true })
  return segments.reduce((sum, segment) => sum + (segment.kind === 'tokens' ? segment.tokens.length : 0), 0)
}
