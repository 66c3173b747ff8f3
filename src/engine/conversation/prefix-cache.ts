import type { Mark, Session } from '../language/types.ts'
import type { PreparedClip } from './prepared-clip.ts'

/** A piece of a prompt; see {@link PromptSegment} for where tokens are cut. */
export type PromptPart =
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] }
  | { readonly kind: 'clip'; readonly clip: PreparedClip }

interface CachedPart {
  readonly part: PromptPart
  readonly end: Mark
}

/**
 * The pieces of a prompt that a session's KV contains. Follow-up questions, regenerate, edit and stateless clients all request a whole prompt, and
 * only the pieces after the common prefix are evaluated. A piece is reused as a whole or not at all, and the tokens of an answer are evaluated
 * again when they become part of a prompt: batches of another size give slightly different values, and an answer must not depend on earlier
 * requests.
 */
export class PrefixCache {
  readonly session: Session
  #parts: CachedPart[] = []

  constructor(session: Session) {
    this.session = session
  }

  get #end(): Mark {
    return this.#parts.at(-1)?.end ?? { cells: 0, position: 0 }
  }

  /** Records a piece that was evaluated or restored completely and ends at `end`. */
  add(part: PromptPart, end: Mark): void {
    this.#parts.push({ part, end })
  }

  /** The point before a piece; undefined if the pieces before it are not all there. */
  startOf(place: number): Mark | undefined {
    return place === 0 ? { cells: 0, position: 0 } : this.#parts[place - 1]?.end
  }

  /** Takes over the pieces of another prompt, whose KV this session has received. */
  take(other: PrefixCache): void {
    this.#parts = other.#parts
  }

  /**
   * Rewinds the session to the longest common prefix of its pieces and `wanted`.
   * The last piece is never reused, because the logits after it are needed.
   * @returns the pieces that have to be evaluated
   */
  keepPrefixOf(wanted: readonly PromptPart[]): PromptPart[] {
    let same = 0
    while (same < wanted.length - 1 && isSame(this.#parts[same]?.part, wanted[same])) same += 1
    this.#parts = this.#parts.slice(0, same)
    this.session.rewind(this.#end)
    return wanted.slice(same)
  }
}

function isSame(cached: PromptPart | undefined, wanted: PromptPart | undefined): boolean {
  if (cached?.kind === 'clip') return wanted?.kind === 'clip' && cached.clip === wanted.clip
  if (cached === undefined || wanted?.kind !== 'tokens' || cached.tokens.length !== wanted.tokens.length) return false
  return cached.tokens.every((token, i) => token === wanted.tokens[i])
}
