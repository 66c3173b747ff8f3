import { existsSync, readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EvalInfo, evalInfoSchema } from '../../../src/bench/autodq/eval-infos.ts'
import type { Prediction } from '../../../src/bench/prediction.ts'
import { type EvalReport, evalReportSchema } from '../../../src/bench/report/eval-report.ts'
import { predictionOf } from '../../helpers/predictions.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { canInterrupt } from '../../helpers/signals.ts'
import { type CliOptions, jsonLines, runCli } from './run-cli.ts'

/** A random language model: its grammar allows only verdicts, and none is meaningful. */
const TINY = fileURLToPath(new URL('../../fixtures/language/tiny-qwen2vl.gguf', import.meta.url))
/** The tiny model has one token per letter, so a question to a judge exceeds its context of 2,048. */
const CONTEXT = 8192
const JUDGE = 'local:judge.gguf'

let scratch: ScratchFolder

beforeEach(async () => {
  scratch = await ScratchFolder.make()
  const bytes = await readFile(TINY)
  const key = 'qwen2vl.context_length'
  bytes.writeUInt32LE(CONTEXT, bytes.indexOf(key) + key.length + 4) // after the value's type
  await scratch.write('judge.gguf', bytes)
})
afterEach(() => scratch[Symbol.asyncDispose]())

const evaluate = (options: CliOptions = {}) =>
  runCli(['bench', 'eval', 'predictions.jsonl', '--judge', JUDGE], {
    cwd: scratch.directory,
    env: { TARSIER_HOME: scratch.path('home'), OPENAI_API_KEY: '' },
    ...options,
  })

const writePredictions = (predictions: readonly Prediction[]) =>
  scratch.write('predictions.jsonl', predictions.map((prediction) => JSON.stringify(prediction)).join('\n'))

const recordsFile = (name: string) => join('eval_records', `${name}_eval_infos.jsonl`)
const cacheFile = join('home', 'cache', 'verdicts.jsonl')
const linesOf = async <T>(name: string) => jsonLines(await readFile(scratch.path(name), 'utf8')) as T[]

async function reportOf(dataset: string): Promise<EvalReport> {
  return evalReportSchema.parse(JSON.parse(await readFile(scratch.path(join('eval_records', `${dataset}_eval_result.json`)), 'utf8')))
}

interface OpenRecord {
  readonly key: string
  readonly correct: string | null
  readonly score: number | null
  readonly reason: string | null
  readonly error: { readonly code: string } | null
}
interface CacheLine {
  readonly key: string
  readonly prompt: string
  readonly verdict: Readonly<Record<string, unknown>>
}

const question = (idx: number) =>
  predictionOf({ dataset: 'MSVD-QA-val', idx, question: `What does dog ${idx} do?`, reference: 'run', prediction: `it runs ${idx} times` })
const failed = predictionOf({ dataset: 'MSVD-QA-val', idx: 99, prediction: null })
const description = (idx: number) =>
  predictionOf({
    ...{ dataset: 'DREAM/youtube', idx, reference: `a dog runs ${idx}`, prediction: `dog ${idx} runs` },
    extraInfo: { events: [`a dog runs ${idx}`, 'a cat jumps'], n_events: 2, n_shots: 1, n_subjects: 2 },
  })

test('a local model judges open answers and descriptions: every verdict is valid and counted, none is invented', async () => {
  const questions = [1, 2, 3].map(question)
  const descriptions = [1, 2].map(description)
  await writePredictions([...questions, failed, ...descriptions])
  const first = await evaluate()
  expect(first.stderr).not.toContain('tarsier:')
  expect(first.code).toBe(0)
  expect(first.stdout).toMatch(/^#Successful Results: 3\n#Failed Results: 1\nAccuracy: [\d.]+\nAverage Score: [\d.]+$/m)
  expect(first.stdout).toMatch(/^Judge: local judge\.gguf [0-9a-f]{8}, prompt open-answer 1$/m)
  expect(first.stdout).toMatch(/^Judge: local judge\.gguf [0-9a-f]{8}, prompt extract-events 1, prompt entailment 1$/m)

  const asked = await linesOf<CacheLine>(cacheFile)
  const verdictsOf = (prompt: string) => asked.flatMap((line) => (line.prompt === prompt ? [line.verdict] : []))
  const open = await linesOf<OpenRecord>(recordsFile('QA'))
  expect(open.map(({ key }) => key)).toEqual(questions.map(({ key }) => key))
  for (const { correct, score, reason, error } of open) {
    expect(error).toBeNull()
    expect(['yes', 'no']).toContain(correct)
    expect([0, 1, 2, 3, 4, 5]).toContain(score)
    expect(verdictsOf('open-answer')).toContainEqual({ reason, correct, score })
  }
  const share = open.filter(({ correct }) => correct === 'yes').length / open.length
  const mean = open.reduce((sum, { score }) => sum + (score ?? Number.NaN), 0) / open.length
  expect((await reportOf('MSVD-QA-val')).headline.map(({ value }) => value)).toEqual([
    expect.closeTo(share * 100, 6) as number,
    expect.closeTo(mean, 6) as number,
  ])

  const dream = (await linesOf(recordsFile('DREAM'))).map((line) => evalInfoSchema.parse(line))
  expect(dream.map(({ key }) => key)).toEqual(descriptions.map(({ key }) => key))
  const extractedEvents = verdictsOf('extract-events').map(({ events }) =>
    (events as string[]).map((event) => event.trim()).filter(Boolean),
  )
  const given = verdictsOf('entailment').flatMap((verdict) => Object.values(verdict))
  // A list of events may grow until it is cut off, three times. Then there is no verdict and no substitute.
  const unjudged = dream.filter(({ error }) => error !== null)
  for (const record of unjudged)
    expect(record).toMatchObject({ error: { code: 'judge-failed' }, events_gt: null, events_pred: null, score_r: null, score_p: null })
  const judged = dream.filter(({ error }) => error === null)
  expect(judged.length).toBeGreaterThan(0)
  for (const { events_gt, events_pred, extra_info } of judged) {
    expect(events_gt?.map(({ event }) => event)).toEqual(extra_info.events)
    expect(extractedEvents).toContainEqual(events_pred?.map(({ event }) => event))
    for (const { event: _, ...verdict } of [...(events_gt ?? []), ...(events_pred ?? [])]) expect(given).toContainEqual(verdict)
  }
  const average = (pick: (record: EvalInfo) => number | null) =>
    judged.reduce((sum, record) => sum + (pick(record) ?? Number.NaN), 0) / judged.length
  const report = await reportOf('DREAM')
  expect(report).toMatchObject({ success: judged.length, failed: unjudged.length })
  expect(report.headline[1]?.value).toBeCloseTo(
    average(({ score_r }) => score_r),
    6,
  )
  expect(report.headline[2]?.value).toBeCloseTo(
    average(({ score_p }) => score_p),
    6,
  )
  const counts = `\\| +${judged.length} +\\| +${unjudged.length} +\\|`
  expect(first.stdout).toMatch(new RegExp(`^\\| +OVERALL +\\| +[\\d.]+ +\\| +[\\d.]+ +\\| +[\\d.]+ +${counts}$`, 'm'))

  // The records suffice for a second evaluation: without the cache of requests it judges nothing again.
  const records = await readFile(scratch.path(recordsFile('DREAM')), 'utf8')
  await rm(scratch.path(cacheFile))
  expect((await evaluate()).stdout).toBe(first.stdout)
  if (unjudged.length === 0) expect(await readFile(scratch.path(cacheFile), 'utf8')).toBe('')
  expect(await readFile(scratch.path(recordsFile('DREAM')), 'utf8')).toBe(records)
})

test.skipIf(!canInterrupt)('Ctrl-C stops the judging, and the same command judges the rest', async () => {
  const questions = Array.from({ length: 16 }, (_, i) => question(i + 1))
  await writePredictions(questions)
  const path = scratch.path(recordsFile('QA'))
  const written = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0)
  const stopped = await evaluate({
    onStart(child) {
      const watch = setInterval(() => {
        if (written() < 2) return
        clearInterval(watch)
        child.kill('SIGINT')
      }, 20)
      child.once('exit', () => clearInterval(watch))
    },
  })
  expect(stopped.code).toBe(130)
  expect(stopped.stdout).toBe('')
  const storedRecords = await linesOf<OpenRecord>(recordsFile('QA'))
  expect(storedRecords.length).toBeGreaterThanOrEqual(2)
  expect(storedRecords.length).toBeLessThan(questions.length)

  const rest = await evaluate()
  expect({ code: rest.code, counts: /^#Successful Results: \d+$/m.exec(rest.stdout)?.[0] }).toEqual({
    code: 0,
    counts: '#Successful Results: 16',
  })
  const all = await linesOf<OpenRecord>(recordsFile('QA'))
  expect(all.map(({ key }) => key)).toEqual(questions.map(({ key }) => key))
  for (const record of storedRecords) expect(all).toContainEqual(record)
  // No question has two verdicts.
  const asked = (await linesOf<CacheLine>(cacheFile)).map(({ key }) => key)
  expect(asked).toHaveLength(questions.length)
  expect(new Set(asked).size).toBe(questions.length)
})
