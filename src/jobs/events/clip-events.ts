import type { ClipRequest, EngineClient, TimeEvent } from '../../engine/engine-client.ts'
import type { MediaClient } from '../../engine/host/media-client.ts'
import { type Segment as SegmentRange, segmentsOf } from '../../engine/media/segments.ts'
import type { MediaInfo } from '../../engine/media/types.ts'
import type { ClipEvent, ClipEvents, FrameRate } from '../../shared/clip-events.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import type { SegmentJournal, StoredSegment } from './segment-journal.ts'

export interface ClipEventsOptions {
  /** Frames and pixels per segment. */
  readonly clip: Pick<ClipRequest, 'maxPixels' | 'minPixels' | 'fit'> & {
    readonly frames: { readonly kind: 'uniform' | 'middle'; readonly count: number }
  }
  /** Question about each segment. Defaults to the model's prompt for a description. */
  readonly prompt?: string | undefined
  readonly sampling: Sampling
  /** Text whose events are timed in the whole clip, instead of a description of each segment. */
  readonly text?: string | undefined
  /** Maximum length of a segment in seconds. */
  readonly segmentSeconds: number
  /** Whether segments begin at shot changes where there are some. */
  readonly scenes: boolean
  /** Seconds to which times are refined; null for none. */
  readonly precision: number | null
}

/** What the events of a clip are made with. */
export interface ClipEventsTools {
  readonly media: Pick<MediaClient, 'probe' | 'shots'>
  readonly engine: EngineClient
  /** Name of the model, for the result. */
  readonly model: string
  /** Where finished segments of long clips are stored, so that an interrupted run continues. */
  readonly journal: SegmentJournal
}

export type ClipEventsProgress =
  | { readonly kind: 'shots'; readonly seconds: number; readonly duration: number }
  | { readonly kind: 'segment'; readonly done: number; readonly of: number }
  | Exclude<EngineEvent, { kind: 'done' }>
  | Exclude<TimeEvent, { kind: 'timed' }>

/**
 * Describes a clip segment by segment, and finds out when the events of each description happen. Memory does not grow with the clip. A segment that
 * an interrupted run has finished is not described again. Throws as `openClip` does, and the errors of an answer.
 */
export async function clipEvents(
  file: string,
  path: string,
  { media, engine, model, journal }: ClipEventsTools,
  options: ClipEventsOptions,
  report: (progress: ClipEventsProgress) => void,
  signal: AbortSignal,
): Promise<ClipEvents> {
  const started = performance.now()
  const info = await media.probe(path, signal)
  const notices = new Set<string>(info.notices)
  const ranges = await rangesOf(info, path, media, options, report, notices, signal)
  const stored = await journal.open(path, { model, ranges, options })
  const found: StoredSegment[] = []
  const clock = { answer: 0, score: 0, zoom: 0 }
  try {
    for (const [i, range] of ranges.entries()) {
      signal.throwIfAborted()
      const earlier = stored.segments.get(i)
      const segment =
        earlier ??
        (await segmentEvents(`${path}#${i}`, engine, { path, info, range, last: i === ranges.length - 1 }, options, report, signal))
      if (!earlier) await stored.add(i, segment)
      for (const notice of segment.notices) notices.add(notice)
      clock.answer += segment.timings.answer
      clock.score += segment.timings.score
      clock.zoom += segment.timings.zoom
      found.push(segment)
      report({ kind: 'segment', done: i + 1, of: ranges.length })
    }
  } catch (error) {
    await stored.close()
    throw error
  }
  await stored.finish()
  return {
    file,
    duration: info.duration,
    frameRate: frameRateOf(info.rate),
    variableRate: !info.constantRate && info.kind !== 'image',
    startTimecode: null,
    model,
    segments: found.map(({ text }, i) => ({ start: ranges[i]?.start ?? 0, end: ranges[i]?.end ?? info.duration, text })),
    events: eventsOf(found, ranges),
    // Without a language model that summarizes, chapters are the segments and the summary is their text.
    chapters: found.map(({ text }, i) => ({ start: ranges[i]?.start ?? 0, title: firstSentence(text) })),
    summary: found.map(({ text }) => text.trim()).join(' '),
    notices: [...notices],
    timings: { ...clock, total: performance.now() - started },
  }
}

async function rangesOf(
  info: MediaInfo,
  path: string,
  media: ClipEventsTools['media'],
  { text, segmentSeconds, scenes }: ClipEventsOptions,
  report: (progress: ClipEventsProgress) => void,
  notices: Set<string>,
  signal: AbortSignal,
): Promise<SegmentRange[]> {
  const { duration } = info
  if (text !== undefined || duration === 0) return [{ start: 0, end: duration, overlap: 0 }]
  const shots: { readonly start: number }[] = []
  if (scenes && info.kind === 'video') {
    for await (const event of media.shots(path, {}, signal)) {
      if (event.kind === 'shot') shots.push(event.shot)
      else if (event.kind === 'notice') notices.add(event.text)
      else report({ kind: 'shots', seconds: event.seconds, duration: event.duration })
    }
  }
  return segmentsOf(shots, { duration, maxSeconds: segmentSeconds })
}

/** Describes one segment, or takes the given text, and times its events. */
async function segmentEvents(
  conversation: string,
  engine: EngineClient,
  { path, info, range, last }: { path: string; info: MediaInfo; range: SegmentRange; last: boolean },
  { clip, prompt, sampling, text, precision }: ClipEventsOptions,
  report: (progress: ClipEventsProgress) => void,
  signal: AbortSignal,
): Promise<StoredSegment> {
  const whole = range.start === 0 && last
  // The frame that is shown at the end belongs to the next segment.
  const end = last ? undefined : Math.max(range.start, range.end - 0.5 / Math.max(1, info.rate))
  const frames = { ...clip.frames, ...(!whole && { range: { unit: 'seconds', start: range.start, end } as const }) }
  const request: ClipRequest = { ...clip, path, frames }
  const notices: string[] = []
  let described = text ?? ''
  let answer = 0
  try {
    if (text === undefined) {
      for await (const event of engine.answer(conversation, { kind: 'ask', text: prompt, clip: request, sampling }, signal)) {
        if (event.kind === 'done') {
          described = event.answer.text
          answer = event.answer.timings.total
        } else {
          if (event.kind === 'notice') notices.push(event.text)
          report(event)
        }
      }
    }
    const turn = text === undefined ? ({ kind: 'regenerate' } as const) : ({ kind: 'ask', text: prompt, clip: request } as const)
    if (described.trim() === '') return { text: described, clauses: [], notices, timings: { answer, score: 0, zoom: 0 } }
    let timed: TimedText | null = null
    for await (const event of engine.timeText(conversation, { turn, text: described, precision }, signal)) {
      if (event.kind === 'timed') timed = event.timed
      else {
        if (event.kind === 'notice') notices.push(event.text)
        report(event)
      }
    }
    if (!timed) throw new TarsierError('internal', 'The engine returned no times. Please report it.')
    return { text: described, clauses: timed.clauses, notices, timings: { answer, ...timed.timings } }
  } finally {
    await engine.close(conversation)
  }
}

/** The events of all segments. An event that lies in an overlap comes from the earlier segment only. */
function eventsOf(segments: readonly StoredSegment[], ranges: readonly SegmentRange[]): ClipEvent[] {
  return segments.flatMap(({ clauses }, segment) => {
    const { start = 0, end = Number.POSITIVE_INFINITY, overlap = 0 } = ranges[segment] ?? {}
    return clauses
      .map(({ text, begins, ends, confidence }) => ({
        text,
        start: begins,
        // The engine knows the end of the clip, not that of the segment.
        end: begins === null || ends === null ? null : Math.max(begins, Math.min(ends, end)),
        confidence,
        segment,
      }))
      .filter((event) => !(overlap > 0 && event.start !== null && event.end !== null && event.end <= start + overlap))
  })
}

/** The exact rate of a mean rate: 30000/1001 for 29.97. Null for an image. */
export function frameRateOf(rate: number): FrameRate | null {
  if (rate <= 0) return null
  for (const denominator of [1, 1001, 1000]) {
    const numerator = Math.round(rate * denominator)
    if (denominator === 1000 || Math.abs(numerator / denominator - rate) < rate * 1e-6) return { numerator, denominator }
  }
  return null
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/su.exec(text.trim())?.[0] ?? text.trim()
}
