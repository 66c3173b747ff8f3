import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import { MediaClient } from '../../../src/engine/host/media-client.ts'
import { type ClipEventsOptions, type ClipEventsProgress, clipEvents } from '../../../src/jobs/events/clip-events.ts'
import { SegmentJournal } from '../../../src/jobs/events/segment-journal.ts'
import { type ClipEvents, clipEventsSchema } from '../../../src/shared/clip-events.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'

const RATE = 25
const never = new AbortController().signal
const options: ClipEventsOptions = {
  clip: { frames: { kind: 'uniform', count: 16 } },
  sampling: samplingSchema.parse({ maxTokens: 60 }),
  segmentSeconds: 16,
  scenes: true,
  precision: null,
}
let folder: string
let path: string
let cuts: number[]
let engine: Engine
let media: MediaClient

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-clip-events-'))
  path = join(folder, 'film.mp4')
  cuts = (await writeShotClip(path, [60, 75, 60], 5)).map((frame) => frame / RATE)
  engine = new Engine({ model: 'demo', device: 'cpu', home: join(folder, 'home'), cache: false })
  media = new MediaClient()
})
afterAll(async () => {
  await engine[Symbol.asyncDispose]()
  await media[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const journalFiles = () => readdir(join(folder, 'home', 'cache', 'events'))

async function run(more: Partial<ClipEventsOptions> = {}, signal = never, onProgress?: (event: ClipEventsProgress) => void) {
  const progress: ClipEventsProgress[] = []
  const tools = { media, engine, model: 'demo', journal: new SegmentJournal(join(folder, 'home')) }
  const report = (event: ClipEventsProgress) => {
    progress.push(event)
    onProgress?.(event)
  }
  const events = await clipEvents('film.mp4', path, tools, { ...options, ...more }, report, signal)
  return { events, progress }
}

/** Timings differ from run to run. */
const withoutTimings = (events: ClipEvents) => ({ ...events, timings: null })

test('describes each shot, and continues an interrupted run with the first unfinished segment', async () => {
  const { events: whole } = await run()
  expect(clipEventsSchema.safeParse(whole).error).toBeUndefined()
  expect(whole.segments.map(({ start }) => start)).toEqual(cuts.map((cut) => expect.closeTo(cut, 6) as number))
  expect(whole.segments.at(-1)?.end).toBeCloseTo(whole.duration, 6)
  for (const { start, end, segment } of whole.events) {
    const { start: from, end: to } = whole.segments[segment] as ClipEvents['segments'][number]
    if (start !== null) expect(start).toBeGreaterThanOrEqual(from - 1e-6)
    if (start !== null) expect(start).toBeLessThanOrEqual(to + 1e-6)
    if (start !== null && end !== null) expect(end).toBeGreaterThanOrEqual(start)
    if (end !== null) expect(end).toBeLessThanOrEqual(to + 1e-6)
  }
  expect(await journalFiles()).toEqual([])

  const stop = new AbortController()
  await expect(run({}, stop.signal, (event) => event.kind === 'segment' && event.done === 2 && stop.abort())).rejects.toThrow(/abort/i)
  expect(await journalFiles()).toHaveLength(1)
  const { events: resumed, progress } = await run()
  // Only the last segment was described again.
  expect(progress.filter((event) => event.kind === 'stage' && event.stage === 'writing')).toHaveLength(1)
  expect(withoutTimings(resumed)).toEqual(withoutTimings(whole))
  expect(await journalFiles()).toEqual([])
})

test('divides the clip into segments of equal length where shots do not count', async () => {
  const { events, progress } = await run({ scenes: false, segmentSeconds: 4 })
  expect(progress.filter(({ kind }) => kind === 'shots')).toEqual([])
  expect(events.segments).toHaveLength(3)
  for (const { start, end } of events.segments) expect(end - start).toBeLessThanOrEqual(4 + 1e-6)
})

test('times a given text in the whole clip', async () => {
  const text = 'A red circle moves right and then grows.'
  const { events, progress } = await run({ text })
  expect(events.segments).toEqual([{ start: 0, end: events.duration, text }])
  expect(events.events.map((event) => event.text)).toEqual(['A red circle moves right', 'and then grows.'])
  expect(progress.filter((event) => event.kind === 'delta')).toEqual([])
})
