import type { Mark, Session } from '../language/types.ts'
import type { PreparedClip } from './prepared-clip.ts'

/** A prompt as it is evaluated: runs of tokens with clips between them. */
export type PromptPart =
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] }
  | { readonly kind: 'clip'; readonly clip: PreparedClip }

interface HeldPart {
  readonly part: PromptPart
  readonly start: Mark
  readonly end: Mark
}

/**
 * What a session's KV holds, part by part. One mechanism serves follow-up questions, regenerating, editing and
 * clearing: each asks for a whole prompt, and only what differs from the held one is evaluated.
 */
export class HeldPrompt {
  readonly session: Session
  #parts: HeldPart[] = []

  constructor(session: Session) {
    this.session = session
  }

  get #end(): Mark {
    return this.#parts.at(-1)?.end ?? { cells: 0, position: 0 }
  }

  /** Takes note of a part that was evaluated (or restored) whole, from the end of the last one to `end`. */
  add(part: PromptPart, end: Mark): void {
    this.#parts.push({ part, start: this.#end, end })
  }

  /** Takes over what another one holds, whose KV this one's session was given. */
  take(other: HeldPrompt): void {
    this.#parts = other.#parts
  }

  /**
   * Rewinds the session to the longest common prefix of what it holds and `wanted`.
   * At least the last token is always left over, because its logits are needed.
   * @returns the parts still to be evaluated
   */
  keepPrefixOf(wanted: readonly PromptPart[]): PromptPart[] {
    const kept: HeldPart[] = []
    const rest = [...wanted]
    for (const held of this.#parts) {
      const next = rest[0]
      if (next === undefined) break
      if (next.kind === 'clip') {
        if (held.part.kind !== 'clip' || held.part.clip !== next.clip) break
        kept.push(held)
        rest.shift()
        continue
      }
      if (held.part.kind !== 'tokens') break
      const available = rest.length === 1 ? next.tokens.length - 1 : next.tokens.length
      const same = commonPrefix(held.part.tokens, next.tokens, available)
      if (same > 0) {
        const end = { cells: held.start.cells + same, position: held.start.position + same }
        kept.push({ part: { kind: 'tokens', tokens: next.tokens.slice(0, same) }, start: held.start, end })
      }
      // A held run may be shorter than the wanted one: answers are held as runs of their own.
      if (same === next.tokens.length) rest.shift()
      else rest[0] = { kind: 'tokens', tokens: next.tokens.slice(same) }
      if (same < held.part.tokens.length) break
    }
    this.#parts = kept
    this.session.rewind(this.#end)
    return rest
  }
}

function commonPrefix(a: readonly number[], b: readonly number[], limit: number): number {
  const length = Math.min(a.length, b.length, limit)
  let same = 0
  while (same < length && a[same] === b[same]) same += 1
  return same
}
