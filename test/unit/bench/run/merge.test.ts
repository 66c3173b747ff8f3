import { mkdir, readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Prediction } from '../../../../src/bench/prediction.ts'
import { findPredictions } from '../../../../src/bench/run/find-predictions.ts'
import { mergePredictions, writeMerged } from '../../../../src/bench/run/merge.ts'
import { type RunSettings, writeSettings } from '../../../../src/bench/run/run-settings.ts'
import { inShard } from '../../../../src/bench/run/shard.ts'
import { linesOf } from '../../../../src/jobs/sinks/json-lines.ts'
import { predictionOf } from '../../../helpers/predictions.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const never = new AbortController().signal
const settings: RunSettings = { model: 'demo', frames: 8 }
const made = (idx: number, prediction: string | null = 'A') => predictionOf({ dataset: 'TVBench/Scene Transition', idx, prediction })

async function part(
  scratch: ScratchFolder,
  name: string,
  predictions: readonly Prediction[],
  given: RunSettings | null = settings,
): Promise<string> {
  await mkdir(scratch.path(`${name}/tvbench`), { recursive: true })
  if (given) await writeSettings(scratch.path(`${name}/tvbench`), 'tvbench', given)
  await scratch.write(`${name}/tvbench/predictions.jsonl`, [...linesOf(predictions)].join(''))
  return scratch.path(name)
}

async function merged(...folders: string[]) {
  const files = (await Promise.all(folders.map(findPredictions))).flatMap((found) => found.files)
  return await mergePredictions(files, never)
}

describe('merging', () => {
  it('joins shards, prefers answers to failures, and writes what a single run writes', async () => {
    await using scratch = await ScratchFolder.make()
    const a = await part(scratch, 'a', [made(1), made(2, null), made(3, null)])
    const b = await part(scratch, 'b', [made(2, 'B'), made(4), made(3, null), made(1)])
    const { sets, broken } = await merged(a, b)
    await writeMerged(sets, scratch.path('out'))
    const lines = (await readFile(scratch.path('out/tvbench/predictions.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as Prediction)).toEqual([made(1), made(2, 'B'), made(3, null), made(4)])
    expect(broken).toEqual([])
    expect(JSON.parse(await readFile(scratch.path('out/tvbench/run.json'), 'utf8'))).toMatchObject({ dataSet: 'tvbench', settings })
    await expect(writeMerged(sets, scratch.path('out'))).rejects.toMatchObject({ code: 'usage' })
  })

  it('rejects two answers to one sample and names both places', async () => {
    await using scratch = await ScratchFolder.make()
    const a = await part(scratch, 'a', [made(1)])
    const b = await part(scratch, 'b', [made(2), made(1, 'C')])
    await expect(merged(a, b)).rejects.toMatchObject({
      code: 'bench-mismatch',
      message: expect.stringMatching(/a\/tvbench\/predictions\.jsonl:1 .*b\/tvbench\/predictions\.jsonl:2/) as string,
    })
  })

  it('rejects shards of different runs', async () => {
    await using scratch = await ScratchFolder.make()
    const a = await part(scratch, 'a', [made(1)])
    const b = await part(scratch, 'b', [made(2)], { ...settings, frames: 16 })
    await expect(merged(a, b)).rejects.toMatchObject({ code: 'bench-mismatch', details: { differences: ['frames was 8 and is 16'] } })
  })

  it('reports broken lines with their position and joins the rest', async () => {
    await using scratch = await ScratchFolder.make()
    const a = await part(scratch, 'a', [made(1)])
    await scratch.write('a/tvbench/predictions.jsonl', `{"key":\n${JSON.stringify(made(5))}\n`)
    const { sets, broken } = await merged(a)
    expect(broken).toMatchObject([{ line: 1 }])
    expect([...(sets[0]?.predictions.keys() ?? [])]).toEqual([made(5).key])
  })

  it('for an evaluation, keeps the first line of a sample and counts the others', async () => {
    await using scratch = await ScratchFolder.make()
    await scratch.write('a.jsonl', [...linesOf([made(1), made(2, null), made(1, 'C')])].join(''))
    await scratch.write('b.jsonl', [...linesOf([made(2, 'B'), made(3), made(1)])].join(''))
    const files = [scratch.path('a.jsonl'), scratch.path('b.jsonl')]
    const { sets } = await mergePredictions(files, never, 'first')
    expect([...(sets[0]?.predictions.values() ?? [])].map(({ idx, prediction }) => [idx, prediction])).toEqual([
      [1, 'A'],
      [2, null],
      [3, 'A'],
    ])
    expect(sets[0]?.duplicates).toEqual({
      count: 3,
      different: 2,
      first: { place: `${scratch.path('a.jsonl')}:3`, counts: `${scratch.path('a.jsonl')}:1` },
    })
  })

  it('finds predictions under any name if there is none of the usual name, but not those written for the Python program', async () => {
    await using scratch = await ScratchFolder.make()
    await scratch.write('tarsier_2_1.jsonl', '')
    await scratch.write('tarsier_2_0.jsonl', '')
    await scratch.write('notes.txt', '')
    const names = async (folder = '.') => {
      const { files, passedOver } = await findPredictions(scratch.path(folder))
      return { files: files.map((file) => relative(scratch.path(folder), file)), passedOver }
    }
    expect(await names()).toEqual({ files: ['tarsier_2_0.jsonl', 'tarsier_2_1.jsonl'], passedOver: [] })
    await mkdir(scratch.path('upstream'))
    await scratch.write('upstream/predictions.jsonl', '')
    expect((await names()).files).toHaveLength(2)
    await scratch.write('predictions.jsonl', '')
    expect(await names()).toEqual({ files: ['predictions.jsonl'], passedOver: ['tarsier_2_0.jsonl', 'tarsier_2_1.jsonl'] })
    expect(await names('upstream')).toEqual({ files: ['predictions.jsonl'], passedOver: [] })
  })

  it('reports a folder without predictions', async () => {
    await using scratch = await ScratchFolder.make()
    await expect(findPredictions(scratch.directory)).rejects.toMatchObject({ code: 'nothing-found' })
    await expect(findPredictions(scratch.path('gone'))).rejects.toMatchObject({ code: 'file-missing' })
  })
})

describe('shards', () => {
  it('divide the samples disjointly and about evenly, whatever else is run', () => {
    const keys = Array.from({ length: 3000 }, (_, i) => `TVBench/Scene Transition-${i}`)
    const parts = [1, 2, 3].map((index) => keys.filter((key) => inShard(key, { index, of: 3 })))
    expect(parts.flat().sort()).toEqual([...keys].sort())
    for (const { length } of parts) expect(Math.abs(length - 1000)).toBeLessThan(120)
  })

  it('never change, because other machines have used the same rule', () => {
    const shards = ['DREAM/movie_animation-1', 'Video-MME-0', 'TVBench/Action Antonym-12'].map((key) =>
      [1, 2, 3, 4].find((index) => inShard(key, { index, of: 4 })),
    )
    expect(shards).toEqual([4, 1, 2])
  })
})
