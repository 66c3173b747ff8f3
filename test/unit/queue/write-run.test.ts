import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import type { Prediction } from '../../../src/bench/prediction.ts'
import { addAllToRun, addToRun } from '../../../src/queue/export/write-run.ts'
import { predictionOf } from '../../helpers/predictions.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal
const made = (idx: number, prediction: string | null = 'A') => predictionOf({ dataset: 'TVBench/Scene Transition', idx, prediction })

it('adds the predictions of a job to those of a run, of which none is lost', async () => {
  await using scratch = await ScratchFolder.make()
  const folder = scratch.path('run/tvbench')
  const add = (predictions: readonly Prediction[], frames = 8) =>
    addToRun(folder, { set: 'tvbench', job: 'job', settings: { frames }, predictions }, never)
  const there = async () =>
    (await readFile(`${folder}/predictions.jsonl`, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  await add([made(1), made(2, null), made(3), made(4, null)])
  // As of a job with fewer samples, some of which are done.
  await add([made(1), made(2, 'B'), made(4, null)])
  expect(await there()).toEqual([made(1), made(3), made(4, null), made(2, 'B')])
  await expect(add([made(1, 'C'), made(5)])).rejects.toMatchObject({
    code: 'bench-mismatch',
    message: expect.stringMatching(
      /predictions\.jsonl and the job "job" have different answers to "TVBench.*-1" \(differing: \d+\)\. Those in the file were kept/,
    ) as string,
  })
  await expect(add([made(6)], 16)).rejects.toMatchObject({ code: 'bench-mismatch' })
  expect(await there()).toEqual([made(1), made(3), made(4, null), made(2, 'B'), made(5)])
})

it('adds the predictions of the other data sets if those of one cannot be added', async () => {
  await using scratch = await ScratchFolder.make()
  const add = (sets: Readonly<Record<string, Prediction>>) =>
    addAllToRun(
      scratch.directory,
      { name: 'job', settings: { frames: 8 } },
      new Map(Object.entries(sets).map(([name, prediction]) => [name, [prediction]])),
      never,
    )
  await add({ one: made(1) })
  await expect(add({ one: made(1, 'B'), two: made(2) })).rejects.toMatchObject({ code: 'bench-mismatch' })
  expect(JSON.parse(await readFile(scratch.path('two/predictions.jsonl'), 'utf8'))).toEqual(made(2))
})
