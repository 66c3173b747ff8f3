import type { ClipRequest, EngineClient, TimeEvent } from '../../engine/engine-client.ts'
import type { MediaClient } from '../../engine/host/media-client.ts'
import type { ClipSegment } from '../../engine/media/segments.ts'
import type { MediaInfo } from '../../engine/media/types.ts'
import {
  type ClipEvent,
  type ClipEvents,
  eventOfClause,
  type FrameRate,
  type SearchProgress,
  type Segment,
} from '../../shared/clip-events.ts'
import type { EngineEvent } from '../../shared/engine-events.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { EventFormat } from '../../shared/event-formats.ts'
import type { Sampling } from '../../shared/sampling.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import { expectSuitable } from '../event-formats/format-events.ts'
import type { OpenJournal, SegmentJournal, StoredDivision, StoredSegment } from './segment-journal.ts'
import { plainSummary, type Summary, summarize } from './summarize.ts'

/** Maximum number of notices; a damaged film has one for nearly every frame. */
const MAX_NOTICES = 40

export interface ClipEventsOptions {
  /** Frames and pixels per segment. */
  readonly clip: Pick<ClipRequest, 'maxPixels' | 'minPixels' | 'fit'> & {
    readonly frames: { readonly kind: 'uniform' | 'middle'; readonly count: number }
  }
  /** Question about each segment. Defaults to the model's prompt for a description. */
  readonly prompt?: string | undefined
  /** Replaces the system prompt of the model's template, unless it is empty. */
  readonly system?: string | undefined
  readonly sampling: Sampling
  /** Text whose events are timed in the whole clip, instead of a description of each segment. */
  readonly text?: string | undefined
  /** Maximum length of a segment in seconds. */
  readonly segmentSeconds: number
  /** Whether segments begin at shot changes where there are some. */
  readonly scenes: boolean
  /** Seconds to which times are refined; null for none. */
  readonly precision: number | null
  /** Whether the model writes chapters and summary of several segments, if it can. Defaults to true. */
  readonly summary?: boolean | undefined
  /** Format in which the result will be stored. A clip for which it is unsuitable is then rejected before it is described. */
  readonly format?: EventFormat | undefined
}

/** What the events of a clip are made with. */
export interface ClipEventsTools {
  readonly media: Pick<MediaClient, 'probe' | 'segments'>
  /** Each segment is a conversation of its own, which is closed at its end. */
  readonly engine: Pick<EngineClient, 'answer' | 'timeText' | 'close'>
  /** Name of the model, for the result. */
  readonly model: string
  /** Identifies the model's files: segments that other weights have described are not used. */
  readonly weights: string
  /** Maximum number of tokens in a conversation of the model; null if it cannot work on texts without a clip (see `ModelInfo.textTasks`). */
  readonly textContext: number | null
  /** Where finished segments of long clips are stored, so that an interrupted run continues; null to store none. */
  readonly journal: SegmentJournal | null
}

export type ClipEventsProgress = SearchProgress | Exclude<EngineEvent, { kind: 'done' }> | Exclude<TimeEvent, { kind: 'timed' }>

/** The events of a clip, and the segments that are still stored for another run. */
export interface FoundEvents {
  readonly events: ClipEvents
  /** Removes the stored segments. To be called once the events are stored or printed: until then, another run takes all segments from there. */
  finish(): Promise<void>
}

/**
 * Describes a clip segment by segment, and finds out when the events of each description happen. Memory does not grow with the clip. A segment that
 * an interrupted run has finished is not described again. Segments that cannot be decoded are left empty, with a notice. Throws as `openClip` does, the
 * errors of an answer, and `format-unsuitable`.
 */
export async function clipEvents(
  file: string,
  path: string,
  { media, engine, model, weights, textContext, journal }: ClipEventsTools,
  options: ClipEventsOptions,
  report: (progress: ClipEventsProgress) => void,
  signal: AbortSignal,
): Promise<FoundEvents> {
  const started = performance.now()
  const info = await media.probe(path, signal)
  const frameRate = frameRateOf(info.rate)
  if (options.format) expectSuitable(options.format, { duration: info.duration, frameRate })
  const { format: _, summary: asked = true, ...settings } = options
  const stored = (await journal?.open(path, { weights, ...settings })) ?? nowhere
  const found: StoredSegment[] = []
  const segments: Segment[] = []
  const events: ClipEvent[] = []
  const own = { seconds: 0, milliseconds: 0 }
  let division: StoredDivision
  try {
    division = stored.division ?? (await divide(info, path, media, options, stored, report, signal))
    const { ranges } = division
    let unreadable: TarsierError | null = null
    for (const [i, range] of ranges.entries()) {
      signal.throwIfAborted()
      const began = performance.now()
      const earlier = stored.segments.get(i)
      const segment =
        earlier ??
        (await segmentEvents(`${path}#${i}`, engine, { path, range, whole: ranges.length === 1 }, options, report, signal).catch(
          (error: unknown) => {
            if (!(error instanceof TarsierError && error.code === 'no-frames')) throw error
            unreadable ??= error
            return DAMAGED
          },
        ))
      if (!earlier) await stored.add(i, segment)
      found.push(segment)
      const shown: Segment = { start: range.start, end: range.end, text: segment.text }
      const happening = eventsOf(segment, range, i)
      segments.push(shown)
      events.push(...happening)
      if (!earlier) {
        own.seconds += range.end - range.start
        own.milliseconds += performance.now() - began
      }
      const left = info.duration - range.end
      report({
        kind: 'segment',
        done: i + 1,
        of: ranges.length,
        segment: shown,
        events: happening,
        secondsLeft: own.milliseconds === 0 ? null : (own.milliseconds / 1000 / Math.max(own.seconds, 1e-6)) * left,
      })
    }
    if (found.every(({ damaged }) => damaged))
      throw (
        unreadable ??
        new TarsierError('no-frames', `No frame of ${path} can be decoded. The file is damaged, or its codec is not supported.`)
      )
  } finally {
    await stored.close()
  }
  const { ranges } = division
  const described = segments.filter((_, i) => found[i]?.text.trim() !== '')
  const written =
    asked && textContext !== null && described.length > 1
      ? await summarize(
          engine,
          {
            conversation: `${path}#summary`,
            segments: described,
            context: textContext,
            report: (progress) => report({ kind: 'summary', ...progress }),
          },
          signal,
        )
      : undefined
  const notices = [
    info.notices,
    info.frameCount === 1 ? ['There is only one picture, so events have no times.'] : [],
    division.notices,
    damageNotices(found, ranges),
    summaryNotices(written, model),
    ...found.map((segment) => segment.notices),
  ].flat()
  return {
    events: {
      file,
      duration: info.duration,
      frameRate,
      size: { width: info.width, height: info.height },
      variableRate: !info.constantRate && info.kind !== 'image',
      startTimecode: info.startTimecode,
      model,
      segments,
      events,
      ...(written ?? plainSummary(described)),
      summarizedByModel: Boolean(written),
      notices: limited([...new Set(notices)]),
      timings: {
        answer: sumOf(found, ({ timings }) => timings.answer),
        score: sumOf(found, ({ timings }) => timings.score),
        zoom: sumOf(found, ({ timings }) => timings.zoom),
        total: performance.now() - started,
      },
    },
    finish: () => stored.remove(),
  }
}

/** A journal of segments that nobody needs after this run. */
const nowhere: OpenJournal = {
  division: null,
  segments: new Map(),
  begin: async () => {},
  add: async () => {},
  close: async () => {},
  remove: async () => {},
}

const DAMAGED: StoredSegment = { text: '', clauses: [], notices: [], damaged: true, timings: { answer: 0, score: 0, zoom: 0 } }

/** Divides the clip into segments, and stores them, so that an interrupted run does not search for the shots again. */
async function divide(
  { kind, duration, frameCount }: MediaInfo,
  path: string,
  media: ClipEventsTools['media'],
  { text, segmentSeconds, scenes }: ClipEventsOptions,
  stored: OpenJournal,
  report: (progress: ClipEventsProgress) => void,
  signal: AbortSignal,
): Promise<StoredDivision> {
  let ranges: readonly ClipSegment[] = [{ start: 0, end: duration, overlap: 0, frames: { unit: 'frames', start: 0, end: frameCount } }]
  const notices: string[] = []
  if (text === undefined && duration > 0) {
    for await (const event of media.segments(path, { maxSeconds: segmentSeconds, scenes: scenes && kind === 'video' }, signal)) {
      if (event.kind === 'segments') ranges = event.segments
      else if (event.kind === 'notice') notices.push(event.text)
      else report({ kind: 'shots', seconds: event.seconds, duration: event.duration })
    }
  }
  const division = { ranges, notices }
  await stored.begin(division)
  return division
}

/** Describes one segment, or takes the given text, and times its events. */
async function segmentEvents(
  conversation: string,
  engine: ClipEventsTools['engine'],
  { path, range, whole }: { path: string; range: ClipSegment; whole: boolean },
  { clip, prompt, system, sampling, text, precision }: ClipEventsOptions,
  report: (progress: ClipEventsProgress) => void,
  signal: AbortSignal,
): Promise<StoredSegment> {
  const frames = { ...clip.frames, ...(!whole && { range: range.frames }) }
  const request: ClipRequest = { ...clip, path, frames }
  const notices: string[] = []
  let described = text ?? ''
  let answer = 0
  try {
    if (text === undefined) {
      for await (const event of engine.answer(conversation, { kind: 'ask', text: prompt, system, clip: request, sampling }, signal)) {
        if (event.kind === 'done') {
          described = event.answer.text
          answer = event.answer.timings.total
        } else {
          if (event.kind === 'notice') notices.push(event.text)
          report(event)
        }
      }
    }
    const turn = text === undefined ? ({ kind: 'regenerate' } as const) : ({ kind: 'ask', text: prompt, system, clip: request } as const)
    if (described.trim() === '') return { text: described, clauses: [], notices, damaged: false, timings: { answer, score: 0, zoom: 0 } }
    let timed: TimedText | null = null
    for await (const event of engine.timeText(conversation, { turn, text: described, precision }, signal)) {
      if (event.kind === 'timed') timed = event.timed
      else {
        if (event.kind === 'notice') notices.push(event.text)
        report(event)
      }
    }
    if (!timed) throw new TarsierError('internal', 'The engine returned no times. Please report it.')
    return { text: described, clauses: timed.clauses, notices, damaged: false, timings: { answer, ...timed.timings } }
  } finally {
    await engine.close(conversation)
  }
}

/** The events of a segment. Those that end in the overlap come from the earlier segment only. */
function eventsOf({ clauses }: StoredSegment, { start, end, overlap }: ClipSegment, segment: number): ClipEvent[] {
  return (
    clauses
      .map((clause) => eventOfClause(clause, segment))
      // The engine knows the end of the clip, not that of the segment.
      .map((event) => ({
        ...event,
        end: event.start === null || event.end === null ? null : Math.max(event.start, Math.min(event.end, end)),
      }))
      .filter((event) => !(overlap > 0 && event.start !== null && event.end !== null && event.end <= start + overlap))
  )
}

/** Tells who wrote chapters and summary, unless the model was not asked. */
function summaryNotices(written: Summary | null | undefined, model: string): string[] {
  if (written === undefined) return []
  if (written) return [`Chapters and summary were written by ${model} from the descriptions of the segments, without the clip.`]
  return ['The model gave no usable chapters and summary: chapters are the segments, and the summary is their descriptions.']
}

/** A sentence for each stretch of the clip that cannot be decoded. */
function damageNotices(segments: readonly StoredSegment[], ranges: readonly ClipSegment[]): string[] {
  const stretches: { start: number; end: number; last: number }[] = []
  for (const [i, { start, end }] of ranges.entries()) {
    const before = stretches.at(-1)
    if (!segments[i]?.damaged) continue
    if (before?.last === i - 1) Object.assign(before, { end, last: i })
    else stretches.push({ start, end, last: i })
  }
  const seconds = (value: number) => Number(value.toFixed(2))
  return stretches.map(
    ({ start, end }) => `The clip cannot be decoded from ${seconds(start)} to ${seconds(end)} seconds, so this part is not described.`,
  )
}

function limited(notices: readonly string[]): string[] {
  if (notices.length <= MAX_NOTICES) return [...notices]
  return [...notices.slice(0, MAX_NOTICES), `There are ${notices.length - MAX_NOTICES} further notices of this kind.`]
}

function sumOf(segments: readonly StoredSegment[], value: (segment: StoredSegment) => number): number {
  return segments.reduce((sum, segment) => sum + value(segment), 0)
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
