import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRunFiles, stampOf } from '../../../../src/bench/explore/run-files.ts'
import { indexRun, readSamples, scoreOf } from '../../../../src/bench/explore/run-index.ts'
import { tablesOf } from '../../../../src/bench/explore/run-tables.ts'
import { searchRun } from '../../../../src/bench/explore/search.ts'
import { scoreVideoMme } from '../../../../src/bench/metrics/video-mme.ts'
import { videoMmeReport } from '../../../../src/bench/report/video-mme-report.ts'
import { findPredictions } from '../../../../src/bench/run/find-predictions.ts'
import { mergePredictions } from '../../../../src/bench/run/merge.ts'
import { choice, dreamVerdict, failure, prediction, writePredictions, writeVerdicts } from '../../../helpers/bench-run.ts'

const never = new AbortController().signal
let run: string

beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'tarsier-run-'))
})
afterEach(() => rm(run, { recursive: true, force: true }))

const indexed = async () => indexRun(await findRunFiles(run), never)

test('indexes the state of every sample and reads its texts from the files', async () => {
  const long = `Ünïcode ⛵ ${'and more '.repeat(20_000)}`
  await writePredictions(run, 'mvbench', [
    choice(1, 'B) it falls'),
    choice(2, 'A'),
    choice(3, 'I cannot tell — none'.toLowerCase()),
    choice(4, null),
  ])
  await writePredictions(run, 'dream', [
    prediction({ dataset: 'DREAM/youtube', idx: 7, prediction: long }),
    prediction({ dataset: 'DREAM/youtube', idx: 8 }),
  ])
  await writeVerdicts(run, 'DREAM', [dreamVerdict('DREAM/youtube-7', [true, true, false, false], [true])])
  const { samples, byKey, broken, judges } = await indexed()
  expect(samples.map(({ key, standing }) => [key, standing.kind])).toEqual([
    ['DREAM/youtube-7', 'events'],
    ['DREAM/youtube-8', 'answered'],
    ['MVBench/action-1', 'choice'],
    ['MVBench/action-2', 'choice'],
    ['MVBench/action-3', 'failed'],
    ['MVBench/action-4', 'failed'],
  ])
  // Recall 2 of 4, precision 1 of 1: F1 = 2 · 0.5 · 1 / 1.5.
  expect(samples.map(({ standing }) => scoreOf(standing))).toEqual([2 / 3, null, 1, 0, null, null])
  expect(judges.get('DREAM')).toBe('openai gpt-3.5-turbo-0125')
  expect(broken.count).toBe(0)
  const wanted = ['MVBench/action-2', 'DREAM/youtube-7'].map((key) => byKey.get(key)).filter((sample) => sample !== undefined)
  const read = await readSamples(wanted)
  expect(read.map((each) => each.prediction)).toEqual(['A', long])
})

test('reports broken lines and continues', async () => {
  await writePredictions(run, 'mvbench', [choice(1, 'B'), '{"key": "torn', choice(2, 'B'), choice(3, 'B')])
  const { samples, broken } = await indexed()
  expect(samples.map(({ key, standing }) => [key, standing.kind])).toEqual([
    ['MVBench/action-1', 'choice'],
    ['MVBench/action-2', 'choice'],
    ['MVBench/action-3', 'choice'],
  ])
  expect(broken.count).toBe(1)
  expect(broken.first[0]).toMatch(/mvbench[/\\]predictions\.jsonl:2: not JSON/)
})

test('takes the line of a sample that an evaluation takes: the first', async () => {
  const predictions = [choice(1, null), choice(1, 'B'), choice(2, 'none of these'), choice(2, 'B'), choice(3, 'B'), choice(3, null)]
  await writePredictions(run, 'mvbench', predictions)
  const { samples } = await indexed()
  expect(samples.map(({ standing }) => standing)).toEqual([{ kind: 'failed' }, { kind: 'failed' }, { kind: 'choice', correct: true }])
  const { files } = await findPredictions(run)
  const { sets } = await mergePredictions(files, never, 'first')
  expect(await readSamples(samples)).toEqual([...(sets[0]?.predictions.values() ?? [])])
})

test('reads verdicts of the Python program by number, without events where there were none', async () => {
  await writePredictions(run, 'dream', [prediction({ dataset: 'DREAM', idx: 5 })])
  const event = { event: 'the whole text', relationship: 'neutral', reason: '' }
  await writeVerdicts(run, 'DREAM', [
    {
      idx: 5,
      events_gt: [event],
      hit_num_recall: 'hit: 0 / 0',
      events_pred: [{ ...event, relationship: 'Entailment ' }],
      hit_num_precision: 'hit: 1 / 1',
    },
  ])
  const { samples } = await indexed()
  expect(samples[0]?.standing).toEqual({ kind: 'events', recall: { entailed: 0, total: 0 }, precision: { entailed: 1, total: 1 } })
  expect(samples[0] && scoreOf(samples[0].standing)).toBe(1)
})

test('reads verdicts of the Python program by data set and number', async () => {
  await writePredictions(run, 'dream', [prediction({ dataset: 'DREAM/videvo', idx: 5 })])
  const event = { event: 'a dog runs', relationship: 'entailment', reason: '' }
  await writeVerdicts(run, 'DREAM', [
    { idx: 'DREAM/videvo_5', events_gt: [event], hit_num_recall: 'hit: 1 / 1', events_pred: [event], hit_num_precision: 'hit: 1 / 1' },
  ])
  expect((await indexed()).samples[0]?.standing).toMatchObject({ kind: 'events', recall: { entailed: 1, total: 1 } })
})

test('a failure of the judge is neither a verdict nor a broken line', async () => {
  await writePredictions(run, 'dream', [prediction({ dataset: 'DREAM', idx: 5 })])
  await writeVerdicts(run, 'DREAM', [
    { key: 'DREAM-5', idx: 5, events_gt: null, events_pred: null, error: { code: 'judge-failed', message: 'No.' } },
  ])
  const { samples, broken } = await indexed()
  expect(samples[0]?.standing.kind).toBe('answered')
  expect(broken.count).toBe(0)
})

test('scores a multi-choice data set that was not evaluated', async () => {
  await writePredictions(run, 'mvbench', [choice(1, 'B'), choice(2, 'A'), choice(3, 'B'), choice(4, null), choice(5, 'B')])
  const { samples } = await indexed()
  // 3 of 4 answers name an option.
  expect(tablesOf('MVBench', samples)?.headline).toEqual([{ name: 'Accuracy', text: '75.0', value: 75, best: 100 }])
  expect(tablesOf('MSVD-Caption-test', samples)).toBeNull()
})

test('scores Video-MME as its evaluation does', async () => {
  const question = (vid: string, idx: number, answer: string, duration: string) =>
    prediction({ dataset: 'Video-MME', idx, vid, reference: 'B', prediction: answer, extraInfo: { duration, domain: 'Knowledge' } })
  const predictions = [
    question('001', 1, 'B', 'short'),
    question('001', 2, '0', 'short'),
    question('002', 3, 'A', 'long'),
    question('002', 4, 'B', 'long'),
    question('003', 5, 'B', 'long'),
  ]
  await writePredictions(run, 'video-mme', predictions)
  const body = tablesOf('Video-MME', (await indexed()).samples)
  // The video with a failed answer is left out.
  expect(body?.headline[0]).toEqual({ name: 'Overall', text: '66.7', value: expect.closeTo(200 / 3, 9) as number, best: 100 })
  expect(body).toEqual(videoMmeReport(scoreVideoMme(predictions)))
})

test.each([
  ['DREAM', 'A red circle moves.', { kind: 'events', recall: { entailed: 1, total: 1 }, precision: { entailed: 1, total: 1 } }],
  ['MSVD-QA-val', 'A Circle', { kind: 'judged', correct: true, score: 5 }],
])('a verdict on another answer to the same sample is none: %s', async (dataset, answer, standing) => {
  const verdict = (pred: string) =>
    dataset === 'DREAM' ? { ...dreamVerdict('DREAM-5', [true], [true]), pred } : { key: `${dataset}-5`, correct: 'yes', score: 5, pred }
  await writePredictions(run, 'any', [prediction({ dataset, idx: 5, prediction: answer })])
  await writeVerdicts(run, dataset, [verdict(answer.toLowerCase())])
  expect((await indexed()).samples[0]?.standing).toEqual(standing)
  await writeVerdicts(run, dataset, [verdict('a red circle stops.')])
  expect((await indexed()).samples[0]).toMatchObject({ standing: { kind: 'answered' }, verdict: null })
})

test('finds text in prompts, answers, references and errors, case-insensitively', async () => {
  await writePredictions(run, 'dream', [
    prediction({ dataset: 'DREAM', idx: 1, prediction: 'A ZEBRA runs.' }),
    prediction({ dataset: 'DREAM', idx: 2, reference: ['One.', 'Two zebras.'] }),
    prediction({ dataset: 'DREAM', idx: 3, ...failure, error: { code: 'internal', message: 'zebra.mp4 is gone' } }),
    prediction({ dataset: 'DREAM', idx: 4 }),
  ])
  expect([...(await searchRun(await findRunFiles(run), 'Zebra', never))]).toEqual(['DREAM-1', 'DREAM-2', 'DREAM-3'])
})

test('reports a replaced file and detects changes of a run', async () => {
  await writePredictions(run, 'mvbench', [choice(1, 'B'), choice(2, 'A')])
  const files = await findRunFiles(run)
  const { samples } = await indexRun(files, never)
  await writeFile(join(run, 'mvbench', 'predictions.jsonl'), `${JSON.stringify(choice(9, 'A'))}\n`)
  await expect(readSamples(samples)).rejects.toMatchObject({ code: 'bench-damaged' })
  await appendFile(join(run, 'mvbench', 'predictions.jsonl'), `${JSON.stringify(choice(10, 'A'))}\n`)
  expect(stampOf(await findRunFiles(run))).not.toBe(stampOf(files))
})
