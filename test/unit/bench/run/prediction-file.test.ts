import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../../../src/bench/prediction.ts'
import { PredictionFile } from '../../../../src/bench/run/prediction-file.ts'
import type { RunSettings } from '../../../../src/bench/run/run-settings.ts'
import { predictionOf } from '../../../helpers/predictions.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { imitateWindowsFiles } from '../../../helpers/windows-files.ts'

const never = new AbortController().signal
const settings: RunSettings = { model: 'demo', frames: 8 }

function open(directory: string, drop: (prediction: Prediction) => boolean = () => false, given = settings) {
  return PredictionFile.open(directory, { dataSet: 'tvbench', settings: given, drop }, never)
}

const one = predictionOf({ dataset: 'TVBench', idx: 1 })
const two = predictionOf({ dataset: 'TVBench', idx: 2, prediction: 'äöü 猿' })
const failed = predictionOf({ dataset: 'TVBench', idx: 3, prediction: null })

async function written(directory: string, ...predictions: Prediction[]): Promise<void> {
  const { file } = await open(directory)
  for (const prediction of predictions) await file.add(prediction)
  await file[Symbol.asyncDispose]()
}

const linesOf = async (scratch: ScratchFolder) => (await readFile(scratch.path('predictions.jsonl'), 'utf8')).split('\n').slice(0, -1)

describe('predictions.jsonl', () => {
  it('stores one line per sample and reads it back', async () => {
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one, failed)
    await written(scratch.directory, two)
    const { file, found } = await open(scratch.directory)
    await file[Symbol.asyncDispose]()
    expect([...found.predictions.values()]).toEqual([one, failed, two])
    expect(found).toMatchObject({ broken: [], torn: 0 })
  })

  it('accepts concurrent lines without mixing them', async () => {
    await using scratch = await ScratchFolder.make()
    const { file } = await open(scratch.directory)
    await Promise.all(
      Array.from({ length: 50 }, (_, idx) => file.add(predictionOf({ dataset: 'TVBench', idx, prediction: 'x'.repeat(idx * 500) }))),
    )
    await file[Symbol.asyncDispose]()
    expect((await linesOf(scratch)).map((line) => (JSON.parse(line) as Prediction).idx)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('removes a torn last line and keeps the lines before it, also on Windows', async () => {
    using _windows = imitateWindowsFiles()
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one, two)
    const whole = await readFile(scratch.path('predictions.jsonl'))
    const first = whole.indexOf('\n') + 1
    for (let length = first + 1; length < whole.length - 1; length += 7) {
      await writeFile(scratch.path('predictions.jsonl'), whole.subarray(0, length))
      const { file, found } = await open(scratch.directory)
      await file.add(two)
      await file[Symbol.asyncDispose]()
      expect(found.torn).toBe(length - first)
      expect([...found.predictions.keys()]).toEqual([one.key])
      expect(await readFile(scratch.path('predictions.jsonl'))).toEqual(whole)
    }
  })

  it('keeps a last line without a newline', async () => {
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one, two)
    const whole = await readFile(scratch.path('predictions.jsonl'))
    await writeFile(scratch.path('predictions.jsonl'), whole.subarray(0, -1))
    const { file, found } = await open(scratch.directory)
    await file[Symbol.asyncDispose]()
    expect(found).toMatchObject({ torn: 0 })
    expect(await readFile(scratch.path('predictions.jsonl'))).toEqual(whole)
  })

  it('skips a broken line and reports its position', async () => {
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one, two)
    const [first, second] = await linesOf(scratch)
    await writeFile(scratch.path('predictions.jsonl'), `${first}\n{"key": 1}\n${'\0'.repeat(30)}\n${second}\n`)
    const { file, found } = await open(scratch.directory)
    await file[Symbol.asyncDispose]()
    expect([...found.predictions.keys()]).toEqual([one.key, two.key])
    expect(found.broken.map(({ line }) => line)).toEqual([2, 3])
  })

  it('removes predictions that are to be made again', async () => {
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one, failed, two)
    const { file, found } = await open(scratch.directory, ({ prediction }) => prediction === null)
    await file.add({ ...failed, prediction: 'B', error: null })
    await file[Symbol.asyncDispose]()
    expect([...found.predictions.keys()]).toEqual([one.key, two.key])
    expect((await linesOf(scratch)).map((line) => (JSON.parse(line) as Prediction).prediction)).toEqual(['A', 'äöü 猿', 'B'])
  })

  it('rejects a second run until the first has ended', async () => {
    await using scratch = await ScratchFolder.make()
    const { file } = await open(scratch.directory)
    await expect(open(scratch.directory)).rejects.toMatchObject({ code: 'bench-busy', details: { process: process.pid } })
    await file[Symbol.asyncDispose]()
    await (await open(scratch.directory)).file[Symbol.asyncDispose]()
  })

  it('rejects changed settings by name, and predictions without settings', async () => {
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one)
    const other = { model: 'demo', frames: 16, seed: 7 }
    await expect(open(scratch.directory, () => false, other)).rejects.toMatchObject({
      code: 'bench-mismatch',
      details: { differences: ['frames was 8 and is 16', 'seed was not set and is 7'] },
    })
    await using bare = await ScratchFolder.make()
    await bare.write('predictions.jsonl', `${JSON.stringify(one)}\n`)
    await expect(open(bare.directory)).rejects.toMatchObject({ code: 'bench-mismatch' })
    // A rejection leaves no lock.
    await written(scratch.directory, two)
  })

  it('rejects a file in which a sample occurs twice', async () => {
    await using scratch = await ScratchFolder.make()
    await written(scratch.directory, one)
    await writeFile(scratch.path('predictions.jsonl'), `${JSON.stringify(one)}\n`.repeat(2))
    await expect(open(scratch.directory)).rejects.toMatchObject({ code: 'bench-damaged' })
  })
})
