import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Prediction, predictionSchema } from '../../../src/bench/prediction.ts'
import { type EvalReport, evalReportSchema } from '../../../src/bench/report/eval-report.ts'
import { jsonLines, runCli } from '../cli/run-cli.ts'

/** Samples per data set: descriptions of six clips, and six questions of each form about the first two. */
const SLICE = 6

let folder: string
let out: string
const cli = (...args: string[]) => runCli(args, { env: { TARSIER_HOME: join(folder, 'home') } })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-moving-shapes-'))
  out = join(folder, 'run')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const textOf = (name: string) => readFile(join(out, name, 'predictions.jsonl'), 'utf8')
const predictionsOf = async (name: string): Promise<Prediction[]> =>
  jsonLines(await textOf(name)).map((line) => predictionSchema.parse(line))

/** The demo model on the bundled benchmark: render, encode, run, judge and aggregate, without any external data. */
it('two commands run and score the demo model', { timeout: 600_000 }, async () => {
  const run = ['bench', 'run', 'moving-shapes', '--limit', String(SLICE), '--device', 'cpu', '--out', out]
  const ran = await cli(...run)
  expect(ran.stdout.match(/: 6 samples, 6 answered, 0 failed: /g)).toHaveLength(3)
  expect(ran.code).toBe(0)

  const written = await textOf('moving-shapes-dream')
  expect((await cli(...run)).code).toBe(0)
  expect(await textOf('moving-shapes-dream')).toBe(written)

  const scored = await cli('bench', 'eval', out, '--json')
  expect(scored.code).toBe(0)
  const reports = new Map(
    jsonLines(scored.stdout)
      .map((line) => evalReportSchema.parse(line))
      .map((report) => [report.dataset, report]),
  )
  expect([...reports.keys()].sort()).toEqual(['moving-shapes-dream', 'moving-shapes-mc', 'moving-shapes-oe'])
  for (const report of reports.values()) expect([report.success + report.failed, report.run.models]).toEqual([SLICE, ['demo']])

  const dream = reports.get('moving-shapes-dream')
  expect(dream?.judge).toEqual({ name: 'rule', prompts: ['rule 1'] })
  // Far above chance, which is about one in twenty: color, shape and motion must all be right.
  expect(figure(dream, 'F1')).toBeGreaterThan(0.5)
  expect(figure(reports.get('moving-shapes-oe'), 'Accuracy')).toBeGreaterThan(0)

  const choices = await predictionsOf('moving-shapes-mc')
  const named = choices.filter(({ prediction }) => /^[A-Z1-5]/.test(prediction ?? ''))
  const right = named.filter(({ prediction, reference }) => prediction?.startsWith(String(reference)))
  expect(figure(reports.get('moving-shapes-mc'), 'Accuracy')).toBeCloseTo((100 * right.length) / named.length, 6)
})

it('finds the false words of captions, and refuses to ask a server for that', { timeout: 600_000 }, async () => {
  const check = ['bench', 'run', 'moving-shapes-check', '--limit', '3', '--out', out]
  const ran = await cli(...check, '--device', 'cpu')
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining(': 3 samples, 3 answered, 0 failed: ')])
  const scored = await cli('bench', 'eval', join(out, 'moving-shapes-check'), '--json')
  const report = evalReportSchema.parse(jsonLines(scored.stdout)[0])
  // The false word of three is hit by chance once in a hundred runs.
  expect([figure(report, 'Found'), figure(report, 'AUC')]).toEqual([100, 100])
  const [first] = await predictionsOf('moving-shapes-check')
  expect(first?.used?.frames).toHaveLength(8)

  const refused = await cli(...check, '--engine', 'openai', '-m', 'x', '--base-url', 'http://127.0.0.1:1/v1')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('local model')])
})

function figure(report: EvalReport | undefined, name: string): number {
  const found = report?.headline.find((one) => one.name === name)
  if (found?.value == null) throw new Error(`there is no ${name}`)
  return found.value
}
