import { TarsierError } from '../../shared/errors.ts'
import type { ClipRange, FrameRequest, TimeRule } from '../../shared/frame-request.ts'
import { phrase } from '../../shared/phrase.ts'
import { counted } from '../../shared/size-text.ts'
import type { PlannedFrames, PlanOptions } from './types.ts'

/** The properties of a clip that planning needs. `timeOf(index)` gives seconds from the first frame. */
export interface Timeline {
  readonly frameCount: number
  /** Average frames per second; 0 for an image. */
  readonly rate: number
  readonly duration: number
  /** Whether frames may be repeated if there are too few; never for GIFs. Defaults to false. */
  readonly repeatable?: boolean
  timeOf(index: number): number
}

/** Times are printed with three decimals, so a time up to half a millisecond before a frame selects that frame. */
const TIME_TOLERANCE = 0.000_500_001
/** Maximum deviation in frames for a constant rate, because containers round timestamps to a millisecond or more. */
const RATE_TOLERANCE = 0.25

/** Python's `round`: rounds halves to even. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}

/**
 * Tarsier 1's rule: includes the first and last frame; a single frame is the first. If there are too few frames, all are taken once, or with `repeats`
 * by the same formula, which takes some of them several times. With `roundedStep`, the distance of two frames is rounded before it is multiplied, as in
 * `numpy.linspace`: of two frames that are equally near to a place, it may take the other one.
 */
export function uniformIndices(
  total: number,
  count: number,
  { repeats = false, roundedStep = false }: Pick<PlanOptions, 'repeats' | 'roundedStep'> = {},
): number[] {
  if (count === 1) return [0]
  if (total <= count && !repeats) return Array.from({ length: total }, (_, i) => i)
  const step = (total - 1) / (count - 1)
  if (roundedStep) return Array.from({ length: count }, (_, i) => (i + 1 < count ? roundHalfToEven(i * step) : total - 1))
  return Array.from({ length: count }, (_, i) => roundHalfToEven((i * (total - 1)) / (count - 1)))
}

/** Tarsier 2's rule: the middle frame (rounded down) of each of `count` near-equal parts, the longer parts first. */
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

/** Chooses the frames of a request. Throws `invalid-range` for ranges, indices and times without frames. */
export function planFrames(request: FrameRequest, timeline: Timeline, options: PlanOptions = {}): PlannedFrames {
  const notices: string[] = []
  const { indices, rate } = chooseIndices(request, timeline, options, notices)
  const times = indices.map((index) => timeline.timeOf(index))
  return { indices, times, rate: rate ?? averageRate(times), notices }
}

/** Frames per second from the first to the last time; 0 if there is only one. */
function averageRate(times: readonly number[]): number {
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0)
  return seconds > 0 ? (times.length - 1) / seconds : 0
}

/** Indices, and frames per second where the rule defines it. */
function chooseIndices(
  request: FrameRequest,
  timeline: Timeline,
  options: PlanOptions,
  notices: string[],
): { readonly indices: number[]; readonly rate?: number } {
  switch (request.kind) {
    case 'uniform':
    case 'middle': {
      const { kind, range } = request
      const [first, end] = resolveRange(range, timeline, notices)
      const total = end - first
      const count = countOf(request.count, total, timeline, options, notices)
      const repeats = kind === 'uniform' && options.repeats === true && timeline.repeatable === true
      // An image has one frame; no notice is needed.
      const chosen = kind === 'uniform' ? uniformIndices(total, count, { ...options, repeats }) : middleIndices(total, count)
      if (request.count > total && timeline.frameCount > 1) {
        const place = range ? phrase`The range of the clip` : phrase`The clip`
        const all = chosen.length === total ? phrase`all frames are used` : phrase`${counted(chosen.length, 'frame')} of it are used`
        const what = repeats ? phrase`some frames are used more than once, as in the reference implementation of this model` : all
        notices.push(`${place} has ${counted(total, 'frame')}, fewer than the requested ${request.count}: ${what}.`)
      }
      // As the reference counts it, for whole intervals.
      return { indices: chosen.map((index) => first + index), rate: (chosen.length / total) * timeline.rate }
    }
    case 'indices':
      for (const index of request.indices)
        if (index >= timeline.frameCount) throw beyond(phrase`frame number ${index}`, timeline, { index })
      return { indices: [...request.indices] }
    case 'times': {
      const find = frameFinder(request.rule, timeline)
      const indices = request.times.map((time) => {
        const index = find(time)
        if (index < timeline.frameCount) return index
        // A time within the clip that rounds past the last frame selects the last frame.
        if (time <= timeline.duration + TIME_TOLERANCE) return timeline.frameCount - 1
        throw beyond(seconds(time), timeline, { time })
      })
      return { indices }
    }
  }
}

/** Fewest frames where a model limits the frames per second, as in the processors of Qwen2.5-VL and Qwen3-VL. */
const MIN_FRAMES_BY_RATE = 4

/**
 * The number of frames to choose: as requested, or for some models a multiple, and not more than a rate allows. These are the rules of
 * the processors of Qwen2.5-VL (`smart_nframes` in qwen-vl-utils) and Qwen3-VL (`sample_frames`), with the requested number as their `max_frames`; a single
 * frame stays one.
 */
function countOf(requested: number, total: number, { rate }: Timeline, options: PlanOptions, notices: string[]): number {
  const { multipleOf = 1, perSecond } = options
  if (requested === 1 || total < multipleOf || (multipleOf === 1 && perSecond === undefined)) return requested
  const below = (count: number) => Math.floor(count / multipleOf) * multipleOf
  const whole = Math.max(multipleOf, perSecond === undefined ? roundHalfToEven(requested / multipleOf) * multipleOf : below(requested))
  const most = perSecond === undefined || rate === 0 ? whole : Math.min(whole, Math.max((total / rate) * perSecond, MIN_FRAMES_BY_RATE))
  if (most < whole && total >= requested && perSecond !== undefined)
    notices.push(
      `This model takes ${perSecond} frames per second, so ${counted(below(most), 'frame')} of the clip are used instead of ${requested}.`,
    )
  return below(Math.min(most, total))
}

/**
 * Returns a function that maps a time to a frame index; `frameCount` or more for times past the last frame.
 * The rate is constant if every frame is within a quarter of a frame of its place by the average rate.
 */
function frameFinder(rule: TimeRule | undefined, timeline: Timeline): (time: number) => number {
  const { frameCount, rate, duration } = timeline
  if (rule === 'average-rate' || hasConstantRate(timeline)) return (time) => roundHalfToEven(time * rate)
  return (time) => (time > duration + TIME_TOLERANCE ? frameCount : frameOnScreen(time, timeline))
}

/** The frame that a player shows at a time, by the frames' own times. */
export function frameOnScreen(time: number, timeline: Timeline): number {
  return Math.max(0, firstAfter(time + TIME_TOLERANCE, timeline) - 1)
}

/** The first frame at or after a time; `frameCount` if there is none. */
export function firstFrameFrom(time: number, timeline: Timeline): number {
  return firstAfter(time - TIME_TOLERANCE, timeline)
}

function hasConstantRate({ frameCount, rate, timeOf }: Timeline): boolean {
  for (let index = 0; index < frameCount; index++) if (Math.abs(timeOf(index) * rate - index) > RATE_TOLERANCE) return false
  return true
}

/** Index of the first frame, and of the one after the last. */
function resolveRange(range: ClipRange | undefined, timeline: Timeline, notices: string[]): [first: number, end: number] {
  const { frameCount, duration } = timeline
  if (!range) return [0, frameCount]
  const unit = (value: number) => (range.unit === 'frames' ? counted(value, 'frame') : seconds(value))
  const { start = 0, end = Number.POSITIVE_INFINITY } = range
  const length = range.unit === 'frames' ? frameCount : duration
  const upstream = range.unit === 'seconds' && range.rule === 'average-rate'
  // Upstream clamps wrong values of annotations to the clip.
  if (end <= start && !upstream) {
    throw new TarsierError(
      'invalid-range',
      `The range from ${start} to ${end} contains no ${range.unit === 'frames' ? 'frame' : 'time'}. Give an end after the start.`,
      { details: { start, end } },
    )
  }
  // An image has no duration, but a range from 0 selects it.
  if (start >= length && !upstream && !(start === 0 && frameCount > 0))
    throw beyond(phrase`the range's start at ${unit(start)}`, timeline, { start })
  if (end !== Number.POSITIVE_INFINITY && end > length && frameCount > 1 && unit(end) !== unit(length)) {
    notices.push(`The range ends at ${unit(end)}, but the clip has ${unit(length)}. It is used up to its end.`)
  }
  if (range.unit === 'frames') return [start, Math.min(end, frameCount)]
  const find = frameFinder(range.rule, timeline)
  const first = Math.min(find(start), frameCount - 1)
  const last = end === Number.POSITIVE_INFINITY ? frameCount - 1 : Math.max(first, Math.min(find(end), frameCount - 1))
  return [first, last + 1]
}

/** Binary search, because times increase with the index. */
function firstAfter(time: number, { frameCount, timeOf }: Timeline): number {
  let low = 0
  let high = frameCount
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timeOf(middle) <= time) low = middle + 1
    else high = middle
  }
  return low
}

function beyond(what: string, { frameCount, duration }: Timeline, details: Record<string, number>): TarsierError {
  return new TarsierError(
    'invalid-range',
    `The clip has ${counted(frameCount, 'frame')} (0 to ${frameCount - 1}) and lasts ${seconds(duration)}, but ${what} is beyond its end. Choose a value within the clip.`,
    { details: { ...details, frameCount, duration } },
  )
}

function seconds(value: number): string {
  return `${Number(value.toFixed(3))} s`
}
