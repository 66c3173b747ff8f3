import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import { MediaClient } from '../../../src/engine/host/media-client.ts'
import { type ClipEventsOptions, type ClipEventsProgress, type ClipEventsTools, clipEvents } from '../../../src/jobs/events/clip-events.ts'
import { SegmentJournal } from '../../../src/jobs/events/segment-journal.ts'
import { type ClipEvents, clipEventsSchema } from '../../../src/shared/clip-events.ts'
import { samplingSchema } from '../../../src/shared/sampling.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'
import { TinyEngines } from '../conversation/tiny-engine.ts'

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

const descriptions = (progress: readonly ClipEventsProgress[]) =>
  progress.filter((event) => event.kind === 'stage' && event.stage === 'writing').length

interface More {
  readonly path?: string
  readonly options?: Partial<ClipEventsOptions>
  readonly tools?: Partial<ClipEventsTools>
}

async function run(more: More = {}, signal = never, onProgress?: (event: ClipEventsProgress) => void) {
  const progress: ClipEventsProgress[] = []
  const tools = {
    media,
    engine,
    model: 'demo',
    weights: 'demo',
    textContext: null,
    journal: new SegmentJournal(join(folder, 'home')),
    ...more.tools,
  }
  const report = (event: ClipEventsProgress) => {
    progress.push(event)
    onProgress?.(event)
  }
  const { events, finish } = await clipEvents('film.mp4', more.path ?? path, tools, { ...options, ...more.options }, report, signal)
  return { events, progress, finish }
}

/** Timings differ from run to run. */
const withoutTimings = (events: ClipEvents) => ({ ...events, timings: null })

test('describes each shot, and continues an interrupted run with the first unfinished segment', async () => {
  const { events: whole, progress: steps, finish } = await run()
  const handedOut = steps.filter((event) => event.kind === 'segment')
  expect(handedOut.map(({ segment }) => segment)).toEqual(whole.segments)
  expect(handedOut.flatMap(({ events }) => events)).toEqual(whole.events)
  expect(handedOut.map(({ secondsLeft }) => secondsLeft)).toEqual([expect.any(Number), expect.any(Number), 0])
  expect(clipEventsSchema.safeParse(whole).error).toBeUndefined()
  expect(whole).toMatchObject({ size: { width: 192, height: 108 }, startTimecode: null })
  expect(whole.segments.map(({ start }) => start)).toEqual(cuts.map((cut) => expect.closeTo(cut, 6) as number))
  expect(whole.segments.at(-1)?.end).toBeCloseTo(whole.duration, 6)
  for (const { start, end, segment } of whole.events) {
    const { start: from, end: to } = whole.segments[segment] as ClipEvents['segments'][number]
    if (start !== null) expect(start).toBeGreaterThanOrEqual(from - 1e-6)
    if (start !== null) expect(start).toBeLessThanOrEqual(to + 1e-6)
    if (start !== null && end !== null) expect(end).toBeGreaterThanOrEqual(start)
    if (end !== null) expect(end).toBeLessThanOrEqual(to + 1e-6)
  }
  await finish()
  expect(await journalFiles()).toEqual([])

  const stop = new AbortController()
  await expect(run({}, stop.signal, (event) => event.kind === 'segment' && event.done === 2 && stop.abort())).rejects.toThrow(/abort/i)
  expect(await journalFiles()).toHaveLength(1)
  const { events: resumed, progress, finish: finishResumed } = await run()
  // The finished segments are handed out again, without an estimate from them.
  const again = progress.filter((event) => event.kind === 'segment')
  expect(again.map(({ segment }) => segment)).toEqual(whole.segments)
  expect(again.map(({ secondsLeft }) => secondsLeft)).toEqual([null, null, 0])
  // Only the last segment was described again, and the shots were not searched again.
  expect(descriptions(progress)).toBe(1)
  expect(progress.filter(({ kind }) => kind === 'shots')).toEqual([])
  expect(withoutTimings(resumed)).toEqual(withoutTimings(whole))
  await finishResumed()
  expect(await journalFiles()).toEqual([])
})

test('a result that could not be stored, or not in the wanted format, costs no segment', async () => {
  const { events } = await run()
  const { events: again, progress, finish } = await run({ options: { format: 'srt' } })
  expect(descriptions(progress)).toBe(0)
  expect(withoutTimings(again)).toEqual(withoutTimings(events))
  await finish()
  expect(await journalFiles()).toEqual([])
})

test('refuses a clip that the format cannot represent before describing it', async () => {
  await expect(run({ options: { format: 'chapters' } })).rejects.toMatchObject({
    code: 'format-unsuitable',
    message: expect.stringContaining('lasts 7.8 seconds') as string,
  })
  const picture = fileURLToPath(new URL('../../fixtures/media/420.jpg', import.meta.url))
  await expect(run({ path: picture, options: { format: 'edl' } })).rejects.toMatchObject({ code: 'format-unsuitable' })
  expect(await journalFiles()).toEqual([])
})

test('divides the clip into segments of equal length where shots do not count', async () => {
  const { events, progress } = await run({ options: { scenes: false, segmentSeconds: 4 } })
  expect(progress.filter(({ kind }) => kind === 'shots')).toEqual([])
  expect(events.segments).toHaveLength(3)
  for (const { start, end } of events.segments) expect(end - start).toBeLessThanOrEqual(4 + 1e-6)
})

test('times a given text in the whole clip', async () => {
  const text = 'A red circle moves right and then grows.'
  const { events, progress } = await run({ options: { text } })
  expect(events.segments).toEqual([{ start: 0, end: events.duration, text }])
  expect(events.events.map((event) => event.text)).toEqual(['A red circle moves right', 'and then grows.'])
  expect(progress.filter((event) => event.kind === 'delta')).toEqual([])
})

test('a film whose second half is damaged has its events up to there, and a notice', async () => {
  const bytes = await readFile(path)
  const data = bytes.indexOf('mdat') + 4
  const end = data + bytes.readUInt32BE(data - 8) - 8
  // The last two of three shots.
  bytes.fill(0, Math.floor(data + (end - data) * 0.4), end)
  const damaged = join(folder, 'damaged.mp4')
  await writeFile(damaged, bytes)
  const { events, finish } = await run({ path: damaged, options: { scenes: false, segmentSeconds: 2.5 } })
  const { events: whole, finish: finishWhole } = await run({ options: { scenes: false, segmentSeconds: 2.5 } })
  expect(events.segments[0]).toEqual(whole.segments[0])
  expect(events.segments.at(-1)?.text).toBe('')
  expect(events.chapters.length).toBeLessThan(whole.chapters.length)
  expect(events.notices).toContainEqual(
    expect.stringMatching(/^The clip cannot be decoded from [\d.]+ to 7\.8 seconds, so this part is not described\.$/),
  )
  await finish()
  await finishWhole()

  bytes.fill(0, data, end)
  await writeFile(damaged, bytes)
  await expect(run({ path: damaged, options: { scenes: false } })).rejects.toMatchObject({ code: 'no-frames' })
})

test('a model whose answer about texts is unusable leaves chapters and summary to the segments, with a notice', async () => {
  await using tiny = await TinyEngines.make()
  const tools = { engine: tiny.start(), model: 'tiny', textContext: 4096 }
  const { events, progress, finish } = await run({ tools, options: { precision: null } })
  expect(progress.filter(({ kind }) => kind === 'summary')).toEqual([{ kind: 'summary', done: 0, of: 1 }])
  expect(events.summarizedByModel).toBe(false)
  expect(events.chapters.map(({ start }) => start)).toEqual(events.segments.map(({ start }) => start))
  expect(events.notices).toContain(
    'The model gave no usable chapters and summary: chapters are the segments, and the summary is their descriptions.',
  )
  await finish()
  const without = await run({ tools, options: { summary: false } })
  expect(without.progress.filter(({ kind }) => kind === 'summary')).toEqual([])
  expect(without.events.notices).not.toContainEqual(expect.stringContaining('summary'))
  await without.finish()
})
