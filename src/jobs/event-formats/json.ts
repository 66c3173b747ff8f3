import type { ClipEvents } from '../../shared/clip-events.ts'
import { wellFormed } from './plain-text.ts'

/** Everything as it is, for programs. `clipEventsSchema` reads it back. */
export function json(clip: ClipEvents): string {
  return jsonText(clip)
}

/** Formats JSON that strict readers accept too: some refuse halves of characters even as escapes. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? wellFormed(part) : part), 2)}\n`
}
