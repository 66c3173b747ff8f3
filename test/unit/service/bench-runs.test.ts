import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leaderboard } from '../../../src/service/bench-leaderboard.ts'
import { compareSlice, sampleSlice } from '../../../src/service/bench-rows.ts'
import { BenchRuns } from '../../../src/service/bench-runs.ts'
import { clipPathOf, wholeSample } from '../../../src/service/bench-sample.ts'
import { summaryOf, wholeRun } from '../../../src/service/bench-summary.ts'
import { Log } from '../../../src/service/log.ts'
import { compareSchema, samplesSchema } from '../../../src/shared/contract/bench.ts'
import { choice, dreamVerdict, prediction, writePredictions, writeVerdicts } from '../../helpers/bench-run.ts'

let home: string
let runs: BenchRuns

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-bench-'))
  runs = new BenchRuns(home, new Log(home))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const own = (name: string) => join(home, 'benchmarks', name)

async function idOf(name: string): Promise<string> {
  const found = (await runs.list()).find(({ directory }) => directory.endsWith(name))
  if (!found) throw new Error(`no run ${name}`)
  return found.id
}

test('lists runs of its own folder and opened ones, which it remembers', async () => {
  expect(await runs.list()).toEqual([])
  await writePredictions(own('first'), 'mvbench', [choice(1, 'B')])
  const elsewhere = join(home, 'elsewhere')
  await writePredictions(elsewhere, 'dream', [prediction({ dataset: 'DREAM', idx: 1 })])
  await expect(runs.open(join(home, 'logs'))).rejects.toMatchObject({ code: 'nothing-found' })
  const { id } = await runs.open(elsewhere)
  const again = new BenchRuns(home, new Log(home))
  const listed = await Promise.all((await again.list()).map(summaryOf))
  expect(listed.map(({ name, opened, model, sets }) => [name, opened, model, sets.map((set) => set.name)]).sort()).toEqual([
    ['elsewhere', true, 'demo', ['DREAM']],
    ['first', false, 'demo', ['MVBench']],
  ])
  await runs.close(id)
  expect((await runs.list()).map(({ opened }) => opened)).toEqual([false])
})

test('indexes a run again as soon as the list sees a change', async () => {
  await writePredictions(own('a'), 'mvbench', [choice(1, 'B')])
  const run = await idOf('a')
  expect((await runs.get(run)).index.samples).toHaveLength(1)
  await writePredictions(own('a'), 'mvbench', [choice(1, 'B'), choice(2, 'A')])
  const [now] = await runs.list()
  expect((await runs.get(run)).index.samples).toHaveLength(2)
  expect((await wholeRun(await runs.get(run))).changed).toBe((now && (await summaryOf(now)))?.changed)
})

test('pages through samples by data set, verdict, text and score', async () => {
  await writePredictions(own('a'), 'mvbench', [choice(1, 'B'), choice(2, 'A'), choice(3, null), choice(4, 'B')])
  await writePredictions(
    own('a'),
    'dream',
    [1, 2, 3].map((idx) => prediction({ dataset: 'DREAM/youtube', idx })),
  )
  await writeVerdicts(own('a'), 'DREAM', [
    dreamVerdict('DREAM/youtube-1', [true, true], [true]),
    dreamVerdict('DREAM/youtube-2', [false, false], [true]),
  ])
  const run = await idOf('a')
  const keys = async (fields: object) => (await sampleSlice(runs, samplesSchema.parse({ run, ...fields }))).items.map(({ key }) => key)
  expect(await keys({ state: 'right' })).toEqual(['MVBench/action-1', 'MVBench/action-4'])
  expect(await keys({ dataset: 'MVBench', state: 'failed' })).toEqual(['MVBench/action-3'])
  expect(await keys({ dataset: 'DREAM', order: 'worst' })).toEqual(['DREAM/youtube-2', 'DREAM/youtube-1', 'DREAM/youtube-3'])
  expect(await keys({ dataset: 'DREAM/youtube', order: 'best' })).toEqual(['DREAM/youtube-1', 'DREAM/youtube-2', 'DREAM/youtube-3'])
  expect(await keys({ text: 'question 4' })).toEqual(['MVBench/action-4'])
  const part = await sampleSlice(runs, samplesSchema.parse({ run, offset: 2, limit: 2 }))
  expect([part.total, part.items.map(({ key }) => key)]).toEqual([7, ['DREAM/youtube-3', 'MVBench/action-1']])
  const { sets } = await wholeRun(await runs.get(run))
  expect(sets.map(({ name, counts, judge }) => [name, counts, judge])).toEqual([
    ['DREAM', { right: 0, wrong: 0, scored: 2, failed: 0, answered: 1 }, 'openai gpt-3.5-turbo-0125'],
    ['MVBench', { right: 2, wrong: 1, scored: 0, failed: 1, answered: 0 }, null],
  ])
})

test('compares two runs', async () => {
  await writePredictions(own('a'), 'mvbench', [choice(1, 'B'), choice(2, 'A'), choice(3, null), choice(4, 'B'), choice(5, 'B')])
  await writePredictions(own('b'), 'mvbench', [choice(2, 'B'), choice(1, 'B'), choice(3, 'A'), choice(4, 'A'), choice(6, 'B')])
  const [run, other] = [await idOf('a'), await idOf('b')]
  const all = await compareSlice(runs, compareSchema.parse({ run, other }))
  expect(all.items.map(({ key, change }) => [key.split('-').at(-1), change])).toEqual([
    ['1', 'same'],
    ['2', 'better'],
    ['3', 'same'],
    ['4', 'worse'],
    ['5', 'only-first'],
    ['6', 'only-second'],
  ])
  expect(all.counts).toEqual({ better: 1, worse: 1, same: 2, 'only-first': 1, 'only-second': 1, unknown: 0 })
  const worse = await compareSlice(runs, compareSchema.parse({ run, other, change: 'worse' }))
  expect(worse.items.map(({ first, second }) => [first?.answer, second?.answer])).toEqual([['B', 'A']])
  expect(worse.counts).toEqual(all.counts)
})

test('returns all details of a sample, with events, verdicts and reasons', async () => {
  await writePredictions(own('a'), 'dream', [
    prediction({ dataset: 'DREAM/youtube', idx: 1, video: '/videos/1.mp4', extraInfo: { n_events: 2, events: ['x'] } }),
  ])
  await writeVerdicts(own('a'), 'DREAM', [dreamVerdict('DREAM/youtube-1', [true, false], [true])])
  const run = await runs.get(await idOf('a'))
  const sample = await wholeSample(run, 'DREAM/youtube-1')
  expect(sample).toMatchObject({
    state: 'scored',
    clip: '1.mp4',
    frames: [{ index: 0 }, { index: 12 }],
    verdict: {
      kind: 'events',
      recall: { share: 0.5, events: [{ relationship: 'entailment', reason: 'It is said so.' }, { relationship: 'neutral' }] },
      precision: { share: 1 },
    },
  })
  expect(sample.details).toContainEqual({ name: 'n events', value: '2' })
  await expect(wholeSample(run, 'DREAM-9')).rejects.toMatchObject({ code: 'nothing-found' })
})

test('opens no clip on another machine, and resolves relative paths from the run', async () => {
  await writePredictions(own('a'), 'dream', [prediction({ dataset: 'DREAM', idx: 1 })])
  const run = await runs.get(await idOf('a'))
  const path = (video: string | null) => clipPathOf(run, prediction({ dataset: 'DREAM', idx: 1, video }))
  expect(() => path('\\\\server\\share\\1.mp4')).toThrow('another machine')
  expect(() => path('//server/share/1.mp4')).toThrow('another machine')
  expect(() => path('<placeholder>/1.mp4')).toThrow('does not record')
  expect(() => path(null)).toThrow('does not record')
  expect(path('clips/1.mp4')).toBe(join(own('a'), 'clips', '1.mp4'))
})

test('ranks a judged run among the published figures', async () => {
  await writePredictions(own('mine'), 'dream', [
    prediction({ dataset: 'DREAM/youtube', idx: 1 }),
    prediction({ dataset: 'DREAM/videvo', idx: 2 }),
  ])
  await writeVerdicts(own('mine'), 'DREAM', [
    dreamVerdict('DREAM/youtube-1', [true, false], [true, false]),
    dreamVerdict('DREAM/videvo-2', [true, true], [true, true]),
  ])
  const rows = await leaderboard(runs)
  // Recall and precision .75 each: above everything that was published.
  expect(rows[0]).toMatchObject({
    model: 'demo',
    overall: { f1: 75, precision: 75, recall: 75 },
    kinds: { YouTube: { f1: 50 }, Stock: { f1: 100 } },
    source: { kind: 'own', name: 'mine', judged: 2, judge: 'openai gpt-3.5-turbo-0125' },
  })
  expect(rows[1]).toMatchObject({ overall: { f1: 42 }, source: { kind: 'published' } })
})
