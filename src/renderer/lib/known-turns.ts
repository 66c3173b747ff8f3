import type { Chat } from '../../shared/contract/chats.ts'

/**
 * A conversation as it was read again, with the objects of its earlier reading for all that is the same: views that depend on an unchanged turn keep
 * their state.
 */
export function withKnownTurns(chat: Chat, before: Chat | null): Chat {
  if (before?.id !== chat.id) return chat
  if (isSame(chat, before)) return before
  const all = chat.all.map((turn, i) => {
    const known = before.all[i]
    return known && isSame(turn, known) ? known : turn
  })
  return { ...chat, all }
}

/** Both are data that the same procedures have sent, with their fields in the same order. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
