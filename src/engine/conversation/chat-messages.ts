import type { Message } from '../engine-client.ts'
import type { ChatMessage, ChatPart, Language } from '../language/types.ts'

interface Shown {
  readonly role: Message['role']
  readonly content: readonly ({ readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip' })[]
}

/** Messages as the chat template sees them: of a clip only its place. */
export function chatMessages(messages: readonly Shown[]): ChatMessage[] {
  const shown = (part: Shown['content'][number]): ChatPart => (part.kind === 'text' ? { type: 'text', text: part.text } : { type: 'video' })
  return messages.map(({ role, content }) => ({ role, content: content.map(shown) }))
}

/** Tokens of text that messages become, with the model's turn opened after them; clips are not counted. */
export async function countText(language: Pick<Language, 'prompt'>, messages: readonly Shown[]): Promise<number> {
  const segments = await language.prompt(chatMessages(messages), { addGenerationPrompt: true })
  return segments.reduce((sum, segment) => sum + (segment.kind === 'tokens' ? segment.tokens.length : 0), 0)
}
