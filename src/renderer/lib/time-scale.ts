/** Steps of a ruler, in seconds. */
const STEPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]
/** Least distance between two labels of a ruler, in pixels. */
const LABEL_PX = 68
/** The shortest part of a clip that fills the timeline at its highest magnification, in seconds. */
const SHORTEST_SECONDS = 1

/** The highest magnification of the timeline of a clip. */
export function highestZoom(duration: number): number {
  return Math.max(1, duration / SHORTEST_SECONDS)
}

/** Seconds from one label of a ruler to the next, for a scale in pixels per second. */
export function rulerStep(pixelsPerSecond: number): number {
  return STEPS.find((step) => step * pixelsPerSecond >= LABEL_PX) ?? (STEPS.at(-1) as number)
}

/** Times of a ruler's labels between two times. The first one is at or before `from`, so that its text does not vanish while it is scrolled out. */
export function rulerTimes(from: number, to: number, step: number): number[] {
  const first = Math.max(0, Math.floor(from / step))
  return Array.from({ length: Math.max(0, Math.floor(to / step) - first + 1) }, (_, i) => round((first + i) * step))
}

/** Multiples of a tenth have no exact binary form. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}

/** The value nearest to a number in an ascending list, by its key; undefined if the list is empty. */
export function nearest<T>(all: readonly T[], wanted: number, key: (one: T) => number): T | undefined {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (key(all[middle] as T) < wanted) low = middle + 1
    else high = middle
  }
  const [before, after] = [all[low - 1], all[low]]
  if (before === undefined || after === undefined) return before ?? after
  return wanted - key(before) <= key(after) - wanted ? before : after
}
