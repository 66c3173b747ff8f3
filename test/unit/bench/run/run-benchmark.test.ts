import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { resolveNames } from '../../../../src/bench/datasets.ts'
import { evaluate } from '../../../../src/bench/evaluate.ts'
import { findRunFiles } from '../../../../src/bench/explore/run-files.ts'
import { readReports } from '../../../../src/bench/explore/run-tables.ts'
import { saveReport } from '../../../../src/bench/report/save-report.ts'
import { runBenchmark } from '../../../../src/bench/run/run-benchmark.ts'
import type { RunEvent } from '../../../../src/bench/run/run-sets.ts'
import { answeringModel, choiceSample } from '../../../helpers/answering-model.ts'
import { predictionOf } from '../../../helpers/predictions.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const signal = new AbortController().signal

it('that starts again moves the answers and the report of the earlier run aside', async () => {
  await using scratch = await ScratchFolder.make()
  const sets = resolveNames(['tvbench']).map((dataSet) => ({ dataSet, samples: [choiceSample(1), choiceSample(2)] }))
  const events: RunEvent[] = []
  const run = (anew: boolean) =>
    runBenchmark(
      { sets, broken: [], absent: [], unknown: [] },
      {
        ...{ out: scratch.directory, videos: null, home: scratch.directory, retryFailed: false, anew },
        workers: [answeringModel(async () => 'A')],
      },
      (event) => events.push(event),
      signal,
    )
  const reports = async () => [...(await readReports(await findRunFiles(scratch.directory))).keys()].sort()
  await run(false)
  for (const dataset of ['TVBench', 'MVBench']) {
    const predictions = [predictionOf({ dataset, idx: 1 })]
    await saveReport(await evaluate(predictions, { folder: scratch.directory, judge: null, signal }), scratch.directory)
  }
  expect(await reports()).toEqual(['MVBench', 'TVBench'])

  await run(true)
  const [moved] = events.flatMap((event) => (event.kind === 'moved' ? [event] : []))
  expect(await reports()).toEqual(['MVBench'])
  for (const form of ['txt', 'json', 'csv', 'html']) expect(existsSync(`${moved?.to}/eval_records/TVBench_eval_result.${form}`)).toBe(true)
  expect(existsSync(`${moved?.to}/predictions.jsonl`)).toBe(true)
  expect(events.filter(({ kind }) => kind === 'done')).toHaveLength(4)
})
