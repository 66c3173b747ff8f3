import { TarsierError } from '../../shared/errors.ts'
import type { ClipRange, FrameRequest } from '../../shared/frame-request.ts'
import type { ChosenFrames } from './types.ts'

/** What planning needs of a clip: its times are `timeOf(index)`, seconds from the first frame. */
export interface Timeline {
  readonly frameCount: number
  /** Average frames a second; 0 for a still picture. */
  readonly rate: number
  readonly duration: number
  timeOf(index: number): number
}

/** Python's `round`: halves go to the even neighbour. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}

/** Version 1: first and last frame always; one frame is the first, too few frames are all taken. */
export function uniformIndices(total: number, count: number): number[] {
  if (count === 1) return [0]
  if (total <= count) return Array.from({ length: total }, (_, i) => i)
  return Array.from({ length: count }, (_, i) => roundHalfToEven((i * (total - 1)) / (count - 1)))
}

/** Version 2: the middle, or what lies before it, of each of `count` runs as equal as can be, the longer ones first. */
export function middleIndices(total: number, count: number): number[] {
  if (total <= count) return Array.from({ length: total }, (_, i) => i)
  const length = Math.floor(total / count)
  const longer = total % count
  return Array.from({ length: count }, (_, i) => {
    const start = i * length + Math.min(i, longer)
    const run = i < longer ? length + 1 : length
    return start + Math.floor((run + 1) / 2) - 1
  })
}

/** Chooses frames by the request. Throws `invalid-range` for ranges, numbers and times that hold no frame. */
export function planFrames(request: FrameRequest, timeline: Timeline): ChosenFrames {
  const notices: string[] = []
  const indices = chooseIndices(request, timeline, notices)
  return { indices, times: indices.map((index) => timeline.timeOf(index)), notices }
}

function chooseIndices(request: FrameRequest, timeline: Timeline, notices: string[]): number[] {
  switch (request.kind) {
    case 'uniform':
    case 'middle': {
      const [first, end] = resolveRange(request.range, timeline, notices)
      const total = end - first
      // A still picture has one frame, and nobody expected more of it.
      if (request.count > total && timeline.frameCount > 1) {
        const place = request.range ? 'That part of the clip' : 'The clip'
        notices.push(`${place} has ${frames(total)}, fewer than the ${request.count} asked for: all of them are used.`)
      }
      const choose = request.kind === 'uniform' ? uniformIndices : middleIndices
      return choose(total, request.count).map((index) => first + index)
    }
    case 'indices':
      for (const index of request.indices) if (index >= timeline.frameCount) throw beyond(`frame ${index}`, timeline, { index })
      return [...request.indices]
    case 'times':
      return request.times.map((time) => indexAt(time, timeline))
  }
}

/** `round(t * rate)` as upstream; a time within the clip that rounds past the last frame means the last one. */
function indexAt(time: number, timeline: Timeline): number {
  const index = roundHalfToEven(time * timeline.rate)
  if (index < timeline.frameCount) return index
  if (time <= timeline.duration) return timeline.frameCount - 1
  throw beyond(`${seconds(time)}`, timeline, { time })
}

/** First frame and the one after the last. Seconds: frames whose time is at least `start` and before `end`. */
function resolveRange(range: ClipRange | undefined, timeline: Timeline, notices: string[]): [first: number, end: number] {
  const { frameCount, duration } = timeline
  if (!range) return [0, frameCount]
  const unit = range.unit === 'frames' ? frames : seconds
  const { start = 0, end = Number.POSITIVE_INFINITY } = range
  if (end <= start) {
    throw new TarsierError(
      'invalid-range',
      `The range from ${start} to ${end} holds no ${range.unit === 'frames' ? 'frame' : 'time'}. Give an end after the start.`,
      { details: { start, end } },
    )
  }
  const length = range.unit === 'frames' ? frameCount : duration
  // A still picture lasts no time at all, yet "from 0 on" is all of it.
  if (start >= length && !(start === 0 && frameCount > 0)) throw beyond(`the range's start at ${unit(start)}`, timeline, { start })
  if (end !== Number.POSITIVE_INFINITY && end > length && frameCount > 1 && unit(end) !== unit(length)) {
    notices.push(`The range ends at ${unit(end)}, but the clip has ${unit(length)}: it is used up to its end.`)
  }
  if (range.unit === 'frames') return [start, Math.min(end, frameCount)]
  const first = firstAtOrAfter(start, timeline)
  const last = firstAtOrAfter(end, timeline)
  if (last > first) return [first, last]
  if (first < frameCount && end > timeline.timeOf(first)) return [first, first + 1]
  throw new TarsierError(
    'invalid-range',
    `The range from ${seconds(start)} to ${seconds(Math.min(end, duration))} lies between two frames. Give a longer range, or a frame number.`,
    { details: { start, end: Math.min(end, duration), rate: timeline.rate } },
  )
}

/** Times grow with the index, so half of what is left can be ruled out at each step. */
function firstAtOrAfter(time: number, { frameCount, timeOf }: Timeline): number {
  let low = 0
  let high = frameCount
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timeOf(middle) < time) low = middle + 1
    else high = middle
  }
  return low
}

function beyond(what: string, { frameCount, duration }: Timeline, details: Record<string, number>): TarsierError {
  return new TarsierError(
    'invalid-range',
    `The clip has ${frames(frameCount)} (0 to ${frameCount - 1}) and lasts ${seconds(duration)}, so ${what} lies beyond its end. Choose within that.`,
    { details: { ...details, frameCount, duration } },
  )
}

function frames(count: number): string {
  return count === 1 ? '1 frame' : `${count} frames`
}

function seconds(value: number): string {
  return `${Number(value.toFixed(3))} s`
}
