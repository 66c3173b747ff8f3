import type { Mark, Session } from '../language/types.ts'
import type { PreparedClip } from './prepared-clip.ts'

/** A piece of a prompt as it is evaluated; see {@link PromptSegment} for where tokens are cut. */
export type PromptPart =
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] }
  | { readonly kind: 'clip'; readonly clip: PreparedClip }

interface HeldPart {
  readonly part: PromptPart
  readonly end: Mark
}

/**
 * What a session's KV holds of a prompt, piece by piece. One mechanism serves follow-up questions, regenerating, editing and clients that say
 * everything anew: each asks for a whole prompt, and only the pieces that differ from the held ones are evaluated. A piece is kept whole or not at
 * all, and the tokens of an answer are evaluated again when they come back as part of a prompt: the same numbers in batches of another size are
 * not the same to the last bit, and the answer to a request must not depend on what was asked before.
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

  /** Takes note of a piece that was evaluated (or restored) whole and ends at `end`. */
  add(part: PromptPart, end: Mark): void {
    this.#parts.push({ part, end })
  }

  /** Takes over what another one holds, whose KV this one's session was given. */
  take(other: HeldPrompt): void {
    this.#parts = other.#parts
  }

  /**
   * Rewinds the session to the longest common beginning of what it holds and `wanted`, in whole pieces.
   * The last piece is always left over, because the logits after it are needed.
   * @returns the pieces still to be evaluated
   */
  keepPrefixOf(wanted: readonly PromptPart[]): PromptPart[] {
    let same = 0
    while (same < wanted.length - 1 && isSame(this.#parts[same]?.part, wanted[same])) same += 1
    this.#parts = this.#parts.slice(0, same)
    this.session.rewind(this.#end)
    return wanted.slice(same)
  }
}

function isSame(held: PromptPart | undefined, wanted: PromptPart | undefined): boolean {
  if (held?.kind === 'clip') return wanted?.kind === 'clip' && held.clip === wanted.clip
  if (held === undefined || wanted?.kind !== 'tokens' || held.tokens.length !== wanted.tokens.length) return false
  return held.tokens.every((token, i) => token === wanted.tokens[i])
}
