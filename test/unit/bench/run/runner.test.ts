import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { clipFiles } from '../../../../src/bench/locate-videos.ts'
import type { Prediction } from '../../../../src/bench/prediction.ts'
import type { ModelUnderTest } from '../../../../src/bench/run/model-under-test.ts'
import { PredictionFile } from '../../../../src/bench/run/prediction-file.ts'
import { runSamples } from '../../../../src/bench/run/runner.ts'
import type { Sample } from '../../../../src/bench/sample.ts'
import { TarsierError } from '../../../../src/shared/errors.ts'
import { answeringModel, choiceSample, usedByModel } from '../../../helpers/answering-model.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

/** Runs twenty samples; returns the written lines by number, and the thrown error. */
async function ran(workers: readonly ModelUnderTest[], signal = new AbortController().signal) {
  await using scratch = await ScratchFolder.make()
  const { file } = await PredictionFile.open(scratch.directory, { dataSet: 'tvbench', settings: {}, drop: () => false }, signal)
  const reported: Prediction[] = []
  const tasks = Array.from({ length: 20 }, (_, i) => ({ sample: choiceSample(i), file }))
  const locate = (sample: Sample) => {
    if (sample.idx === 4) throw new TarsierError('file-missing', 'no clip')
    return clipFiles(sample, null)
  }
  const thrown = await runSamples(tasks, { workers, locate, onDone: (prediction) => reported.push(prediction) }, signal).catch(
    (error: unknown) => error,
  )
  await file[Symbol.asyncDispose]()
  const lines = (await readFile(scratch.path('predictions.jsonl'), 'utf8')).split('\n').slice(0, -1)
  const predictions = lines.map((line) => JSON.parse(line) as Prediction)
  expect(reported).toEqual(predictions)
  return { predictions, thrown, numbers: predictions.map(({ idx }) => idx) }
}

const all = Array.from({ length: 20 }, (_, i) => i)

describe('a run', () => {
  it('writes a line for every sample in parallel; a failure affects only its own sample', async () => {
    let running = 0
    let most = 0
    let meet = () => {}
    const together = new Promise<void>((resolve) => {
      meet = resolve
    })
    const side = answeringModel(async (idx) => {
      most = Math.max(most, ++running)
      if (most === 3) meet()
      await together
      running -= 1
      if (idx === 7) throw new TarsierError('context-full', 'too long')
      if (idx === 9) throw new Error('a bug')
      return `said ${idx}`
    })
    const { predictions, thrown } = await ran([side, side, side])
    expect(thrown).toBeUndefined()
    expect(most).toBe(3)
    const by = new Map(predictions.map((prediction) => [prediction.idx, prediction]))
    expect([...by.keys()].sort((a, b) => Number(a) - Number(b))).toEqual(all)
    expect(by.get(4)).toMatchObject({ video: null, prediction: null, error: { code: 'file-missing' }, used: null })
    expect(by.get(7)).toMatchObject({ video: '/v/7.mp4', prediction: null, error: { code: 'context-full' } })
    expect(by.get(9)).toMatchObject({ error: { code: 'internal' } })
    expect(by.get(8)).toMatchObject({ prediction: 'said 8', finish: 'end', error: null, used: usedByModel })
  })

  it('ends at a failure that would affect every sample, without lines for the affected samples', async () => {
    const dying = answeringModel(async (idx) => {
      if (idx >= 10) throw new TarsierError('model-unavailable', 'gone')
      return 'A'
    })
    const { numbers, thrown } = await ran([dying])
    expect(thrown).toMatchObject({ code: 'model-unavailable' })
    expect(numbers).toEqual(all.slice(0, 10))
  })

  it('stops on an abort and writes no line for unfinished samples', async () => {
    const stop = new AbortController()
    const slow = answeringModel(async (idx, signal) => {
      if (idx === 6) stop.abort()
      signal.throwIfAborted()
      return 'A'
    })
    const { numbers, thrown } = await ran([slow], stop.signal)
    expect(thrown).toMatchObject({ name: 'AbortError' })
    expect(numbers).toEqual(all.slice(0, 6))
  })
})
