import type { ClipEvents } from '../../shared/clip-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import { oneLine } from './plain-text.ts'

/** YouTube's rules: with a list that breaks one of them it shows no chapters at all. */
const FEWEST = 3
const SHORTEST_SECONDS = 10

/** Lines for a video's description on YouTube. Throws `format-unsuitable` with the reason if YouTube would show no chapters. */
export function chapters(clip: ClipEvents): string {
  const sorted = [...clip.chapters].sort((a, b) => a.start - b.start)
  // YouTube counts whole seconds. Rounded down, a chapter does not miss its first frames.
  const starts = sorted.map(({ start }) => Math.floor(start + 1e-6))
  if (sorted.length < FEWEST)
    throw unsuitable(`YouTube shows chapters only if there are ${FEWEST} or more; this clip has ${sorted.length}.`)
  if (starts[0] !== 0)
    throw unsuitable(`YouTube shows chapters only if the first starts at 0:00; here it starts at ${clock(starts[0] ?? 0)}.`)
  starts.forEach((start, i) => {
    if ((starts[i + 1] ?? clip.duration) - start < SHORTEST_SECONDS)
      throw unsuitable(
        `YouTube shows chapters only if each is ${SHORTEST_SECONDS} seconds long or longer; the one at ${clock(start)} is shorter.`,
      )
  })
  return sorted.map(({ title }, i) => `${clock(starts[i] ?? 0)} ${titleText(title) || `Chapter ${i + 1}`}\n`).join('')
}

/** Throws `format-unsuitable` for a clip that is too short for chapters. */
export function expectChapters({ duration }: Pick<ClipEvents, 'duration'>): void {
  const shortest = FEWEST * SHORTEST_SECONDS
  if (duration < shortest)
    throw unsuitable(
      `YouTube shows chapters only if there are ${FEWEST} or more of ${SHORTEST_SECONDS} seconds or longer; this clip lasts ${Number(duration.toFixed(1))} seconds.`,
    )
}

function unsuitable(reason: string): TarsierError {
  return new TarsierError('format-unsuitable', `${reason} Choose another format.`)
}

/** YouTube accepts no angle brackets in a description. */
function titleText(title: string): string {
  return oneLine(title).replaceAll('<', '‹').replaceAll('>', '›')
}

/** A time as YouTube writes it: 0:00, 12:34, 1:02:03. */
function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`
}
