import type { Message } from '../engine-client.ts'
import type { ChatMessage, ChatPart } from '../language/types.ts'

interface Shown {
  readonly role: Message['role']
  readonly content: readonly ({ readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip' })[]
}

/** Messages as the chat template sees them: of a clip only its place. */
export function chatMessages(messages: readonly Shown[]): ChatMessage[] {
  const shown = (part: Shown['content'][number]): ChatPart => (part.kind === 'text' ? { type: 'text', text: part.text } : { type: 'video' })
  return messages.map(({ role, content }) => ({ role, content: content.map(shown) }))
}
