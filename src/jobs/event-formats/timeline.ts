import type { ClipEvents, FrameRate } from '../../shared/clip-events.ts'
import { TarsierError } from '../../shared/errors.ts'

/** A clip as a timeline of an editing program: its times are frame numbers and timecodes. */
export interface Timeline {
  /** Exact frames per second. */
  readonly rate: FrameRate
  /** Frame numbers per second of timecode: 30 for 29.97 frames per second. */
  readonly base: number
  readonly dropFrame: boolean
  /** Number of the clip's first frame, counted from 00:00:00:00. */
  readonly startFrame: number
  /** Length of the clip in frames, at least 1. */
  readonly frames: number
  /** Sentences about times that are not exact. */
  readonly notices: readonly string[]
}

/** Frame rates of timelines in DaVinci Resolve, Premiere Pro and Final Cut Pro, ascending. */
const RATES: readonly FrameRate[] = [
  { numerator: 24_000, denominator: 1001 },
  { numerator: 24, denominator: 1 },
  { numerator: 25, denominator: 1 },
  { numerator: 30_000, denominator: 1001 },
  { numerator: 30, denominator: 1 },
  { numerator: 48_000, denominator: 1001 },
  { numerator: 48, denominator: 1 },
  { numerator: 50, denominator: 1 },
  { numerator: 60_000, denominator: 1001 },
  { numerator: 60, denominator: 1 },
  { numerator: 100, denominator: 1 },
  { numerator: 120_000, denominator: 1001 },
  { numerator: 120, denominator: 1 },
]

/** Files state 29.97 also as 2997/100. The nearest pair of different rates, such as 23.976 and 24, differs ten times as much. */
const SAME_RATE = 1e-4

/** Computes the timeline of a clip. Throws `format-unsuitable` for a still picture. */
export function timelineOf(clip: ClipEvents): Timeline {
  const stated = expectFrameRate(clip)
  const notices: string[] = []
  const rate = timelineRate(stated, clip.variableRate)
  const perSecond = rate.numerator / rate.denominator
  if (clip.variableRate)
    notices.push(`The clip has no constant frame rate: times are rounded to the nearest frame at ${rateText(rate)} frames per second.`)
  else if (!isSame(rate, stated))
    notices.push(
      `Editing programs have no timelines of ${rateText(stated)} frames per second: times are frames at ${rateText(rate)} per second.`,
    )
  const base = Math.round(perSecond)
  const start = startOf(clip, rate, base)
  if (start.unusable !== undefined) notices.push(start.unusable)
  const frames = Math.max(1, Math.round(clip.duration * perSecond))
  return { rate, base, dropFrame: start.dropFrame, startFrame: start.frame, frames, notices }
}

/** The frame rate of a clip. Throws `format-unsuitable` for a still picture. */
export function expectFrameRate({ frameRate }: Pick<ClipEvents, 'frameRate'>): FrameRate {
  if (frameRate !== null) return frameRate
  throw new TarsierError(
    'format-unsuitable',
    'A still picture has no frame rate, so it cannot be exported for an editing program. Choose JSON, CSV or Markdown.',
  )
}

/** Number of the frame nearest to a time, from the clip's first frame. Times after the end are those of the last frame. */
export function frameAt({ rate, frames }: Timeline, seconds: number): number {
  return Math.min(frames - 1, Math.round((seconds * rate.numerator) / rate.denominator))
}

/** Number of the first frame after an event: at least one more than its first, at most the clip's length. */
export function frameAfter({ rate, frames }: Timeline, first: number, end: number): number {
  return Math.max(first + 1, Math.min(frames, Math.round((end * rate.numerator) / rate.denominator)))
}

/** Timecode of a frame of the clip, such as 01:00:00:00; drop-frame timecode has a semicolon before the frame. */
export function timecodeAt({ startFrame, base, dropFrame }: Timeline, frame: number): string {
  const dropped = dropFrame ? droppedPerMinute(base) : 0
  const perMinute = base * 60 - dropped
  // The first minute of each ten is complete.
  const perTenMinutes = perMinute * 10 + dropped
  // A day has 144 times ten minutes; after it timecode starts again.
  let number = (startFrame + frame) % (perTenMinutes * 144)
  const inTenMinutes = number % perTenMinutes
  const incompleteMinutes = Math.max(0, Math.floor((inTenMinutes - dropped) / perMinute))
  number += dropped * (9 * Math.floor(number / perTenMinutes) + incompleteMinutes)
  const two = (value: number) => String(value).padStart(2, '0')
  const seconds = Math.floor(number / base)
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':')
  return `${clock}${dropFrame ? ';' : ':'}${String(number % base).padStart(base > 100 ? 3 : 2, '0')}`
}

/** Frame rate as people write it: 29.97, 25. */
export function rateText({ numerator, denominator }: FrameRate): string {
  return String(Number((numerator / denominator).toFixed(3)))
}

/** Frame numbers that drop-frame timecode leaves out at the start of nine minutes of ten: 2 at 29.97 frames per second, 4 at 59.94. */
function droppedPerMinute(base: number): number {
  return base / 15
}

/** The clip's own rate if editors have it, else its smallest multiple, on which every frame has a number, else the nearest. */
function timelineRate(rate: FrameRate, variable: boolean): FrameRate {
  const perSecond = rate.numerator / rate.denominator
  const own = RATES.find((other) => isSame(other, rate))
  const multiple = RATES.find((other) => {
    const times = other.numerator / other.denominator / perSecond
    return times > 1.5 && Math.abs(times / Math.round(times) - 1) < SAME_RATE
  })
  const distance = (other: FrameRate) => Math.abs(other.numerator / other.denominator - perSecond)
  const nearest = RATES.reduce((best, other) => (distance(other) < distance(best) ? other : best))
  return own ?? (variable ? undefined : multiple) ?? nearest
}

function isSame(a: FrameRate, b: FrameRate): boolean {
  return Math.abs((a.numerator * b.denominator) / (b.numerator * a.denominator) - 1) < SAME_RATE
}

/** Number of the first frame by the file's own timecode; without one, 0 and non-drop-frame, as DaVinci Resolve assumes. */
function startOf(clip: ClipEvents, rate: FrameRate, base: number): { frame: number; dropFrame: boolean; unusable?: string } {
  if (clip.startTimecode === null) return { frame: 0, dropFrame: false }
  const [, hours, minutes, seconds, mark, frames] = /^(\d+):(\d+):(\d+)([:;.,])(\d+)$/.exec(clip.startTimecode) ?? []
  const own = clip.frameRate && !clip.variableRate ? Math.max(1, Math.round(clip.frameRate.numerator / clip.frameRate.denominator)) : base
  if (frames === undefined || Number(frames) >= own || Number(hours) > 23)
    return {
      frame: 0,
      dropFrame: false,
      unusable: `The file's timecode ${clip.startTimecode} does not fit its frame rate: times count from 00:00:00:00.`,
    }
  const allMinutes = Number(hours) * 60 + Number(minutes)
  const labelled = (allMinutes * 60 + Number(seconds)) * base + Math.round((Number(frames) * base) / own)
  // Other rates have no drop-frame timecode, whatever the file says.
  const dropFrame = mark !== ':' && rate.denominator === 1001 && base % 30 === 0
  return { frame: dropFrame ? labelled - droppedPerMinute(base) * (allMinutes - Math.floor(allMinutes / 10)) : labelled, dropFrame }
}
