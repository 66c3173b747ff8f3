import type { Onset } from './onsets.ts'

/** The onset of a clause from the model's own frames, and from a closer look; null if it has no time at all. */
export interface FoundOnset {
  readonly coarse: Onset | null
  readonly refined: Onset | null
  /** Place of the clause after which the text itself puts this one ("and then"); null if it does not tell. */
  readonly follows: number | null
}

/** Part of the distance of two frames from which the model's own frames put two events in order. */
const CLEARLY_APART = 0.5

/** Words by which a clause says that it happens after the one before. */
const THEN = /^(?:and\s+)?(?:then|afterwards|later)\b/iu

/** Whether a clause says that it happens after the clause before it. */
export function saysThen(clause: string): boolean {
  return THEN.test(clause)
}

/**
 * Chooses onsets that do not contradict each other. A closer look must not reverse two events that the model's own frames put clearly in order: both keep
 * the times from these. If a text says "and then", but the second event is found no later than the first, the less certain one has no time.
 * @param interval seconds between two of the model's frames
 */
export function consistentOnsets(found: readonly FoundOnset[], interval: number): (Onset | null)[] {
  const timeOf = (onset: Onset | null) => onset?.time ?? null
  const onsets = found.map(({ refined }) => refined)
  for (const [i, one] of found.entries()) {
    for (const [j, other] of found.entries()) {
      const [first, second] = [timeOf(one.coarse), timeOf(other.coarse)]
      const [from, to] = [timeOf(one.refined), timeOf(other.refined)]
      if (first === null || second === null || from === null || to === null) continue
      if (second - first < CLEARLY_APART * interval || from < to) continue
      onsets[i] = one.coarse
      onsets[j] = other.coarse
    }
  }
  for (const [i, { follows }] of found.entries()) {
    const [before, after] = [follows === null ? null : (onsets[follows] ?? null), onsets[i] ?? null]
    const [first, second] = [timeOf(before), timeOf(after)]
    if (!before || !after || follows === null || first === null || second === null || first < second) continue
    const wrong = after.confidence < before.confidence ? i : follows
    onsets[wrong] = { ...(wrong === i ? after : before), time: null, confidence: 0 }
  }
  return onsets
}
