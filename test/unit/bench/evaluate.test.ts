import { expect, test } from 'vitest'
import { evaluate } from '../../../src/bench/evaluate.ts'
import type { SampleOutcome } from '../../../src/bench/sample-outcome.ts'
import { predictionOf } from '../../helpers/predictions.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

test.each(['Next-QA-val-multi_choice', 'MSVD-Caption-test'])('answers without a reference count as failed: %s', async (dataset) => {
  await using scratch = await ScratchFolder.make()
  const outcomes: SampleOutcome[] = []
  const references = ['A', '', [], [' ']]
  const predictions = references.map((reference, idx) => predictionOf({ dataset, idx, reference }))
  const report = await evaluate(predictions, {
    folder: scratch.directory,
    judge: null,
    onSample: (outcome) => outcomes.push(outcome),
    signal: new AbortController().signal,
  })
  expect(report).toMatchObject({ success: 1, failed: 3, failures: { 'bench-damaged': 3 } })
  expect(report.headline[0]?.value).not.toBeNull()
  expect(outcomes.slice(1).map(({ text }) => text)).toEqual(
    Array(3).fill('failed: The annotation has no reference, so the answer cannot be scored.'),
  )
})
