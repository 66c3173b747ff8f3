import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { captionSample } from '../../../src/bench/caption-list.ts'
import type { StoredUnit } from '../../../src/queue/export/stored-results.ts'
import { Sidecars, type SidecarsOptions } from '../../../src/queue/export/write-sidecars.ts'
import type { Unit } from '../../../src/queue/unit.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal

/** A unit with its result; null for one without. */
function stored(unit: Unit, prediction: string | null): StoredUnit {
  const line = JSON.stringify({ video: '/at/the/worker.mp4', prediction })
  const result = prediction === null ? null : { line, code: null, finished: new Date(0), worker: 'w' }
  return { content: JSON.stringify(unit), result }
}

function asked(video: string, question: string | undefined, prediction: string | null): StoredUnit {
  return stored({ kind: 'sample', sample: captionSample(video, question, question ?? 'Describe it.') }, prediction)
}

/** Exports units to texts beside the clips of a folder, and returns the files that could not be written, with the counts. */
async function exported(videos: string, units: readonly StoredUnit[], existing: SidecarsOptions['existing'] = 'refuse') {
  const failures: { file: string; error: unknown }[] = []
  const sidecars = new Sidecars({ videos, existing, onFailure: (file, error) => failures.push({ file, error }) })
  for (const unit of units) await sidecars.write([unit], never)
  return { failures, ...sidecars.counts }
}

describe('the texts of a job beside its clips', () => {
  test('are numbered for several questions about one clip, also while some are not answered', async () => {
    await using scratch = await ScratchFolder.make()
    await scratch.write('a.mp4', '')
    const text = (name: string) => readFile(scratch.path(name), 'utf8')
    const units = (...answers: (string | null)[]) =>
      ['What?', 'Who?', 'Why?'].map((question, i) => asked('a.mp4', question, answers[i] ?? null))
    expect(await exported(scratch.directory, units(null, 'A man.'))).toEqual({ failures: [], written: 1, present: 0, failed: 0 })
    expect(await text('a-2.txt')).toBe('A man.\n')
    const rest = await exported(scratch.directory, units('A walk.', 'Another man.', 'For fun.'), 'skip')
    expect(rest).toEqual({ failures: [], written: 2, present: 1, failed: 0 })
    expect([await text('a.txt'), await text('a-2.txt'), await text('a-3.txt')]).toEqual(['A walk.\n', 'A man.\n', 'For fun.\n'])
  })

  test('are numbered apart for clips of one base name, and for a clip by two paths', async () => {
    await using scratch = await ScratchFolder.make()
    for (const name of ['a.mp4', 'a.mov', 'b.mp4', 'b-2.mp4']) await scratch.write(name, '')
    const units = [
      ...['a.mp4', 'a.mov', 'b.mp4'].flatMap((name) => [asked(name, 'What?', `${name} 1`), asked(name, 'Who?', `${name} 2`)]),
      asked('b-2.mp4', undefined, 'b-2.mp4'),
      asked(`./b.mp4`, 'What?', 'b.mp4 3'),
      asked(scratch.path('b.mp4'), 'What?', 'b.mp4 4'),
    ]
    expect(await exported(scratch.directory, units, 'overwrite')).toMatchObject({ failures: [], written: 9 })
    const texts = { 'a.mp4': 'a.mp4 1', 'a.mp4-2': 'a.mp4 2', 'a.mov': 'a.mov 1', 'a.mov-2': 'a.mov 2' }
    const others = { b: 'b.mp4 1', 'b.mp4-2': 'b.mp4 2', 'b-2': 'b-2.mp4', 'b-3': 'b.mp4 3', 'b-4': 'b.mp4 4' }
    for (const [name, text] of Object.entries({ ...texts, ...others }))
      expect([name, await readFile(scratch.path(`${name}.txt`), 'utf8')]).toEqual([name, `${text}\n`])
  })

  test('of annotations whose clip only the worker knows never share a file', async () => {
    await using scratch = await ScratchFolder.make()
    const clip = await scratch.write('a.mp4', '')
    const unit = (dataset: string, question: string): StoredUnit => {
      const sample = { ...captionSample('<placeholder>', question, question), dataset, vid: 7 }
      const line = JSON.stringify({ video: clip, prediction: `${dataset} ${question}` })
      return { content: JSON.stringify({ kind: 'sample', sample }), result: { line, code: null, finished: new Date(0), worker: 'w' } }
    }
    const units = [unit('one', 'What?'), unit('one', 'Who?'), unit('two', 'What?')]
    expect(await exported(scratch.directory, units, 'overwrite')).toMatchObject({ failures: [], written: 3 })
    for (const [name, text] of Object.entries({ a: 'one What?', 'a-2': 'one Who?', 'a-3': 'two What?' }))
      expect(await readFile(scratch.path(`${name}.txt`), 'utf8')).toBe(`${text}\n`)
  })

  test('are written although others cannot be, which are named', async () => {
    await using scratch = await ScratchFolder.make()
    for (const name of ['one', 'three']) {
      await mkdir(scratch.path(name))
      await scratch.write(join(name, 'a.mp4'), '')
    }
    await scratch.write(join('three', 'a.txt'), 'mine')
    const units = ['one', 'two', 'three'].map((name) => asked(`${name}/a.mp4`, undefined, `${name}.`))
    const { failures, ...counts } = await exported(scratch.directory, units)
    expect(counts).toEqual({ written: 1, present: 0, failed: 2 })
    expect(failures).toMatchObject([
      { file: 'two/a.mp4', error: { code: 'write-failed' } },
      { file: 'three/a.mp4', error: { code: 'write-failed', remedy: 'existing-texts' } },
    ])
    expect(await readFile(scratch.path('one/a.txt'), 'utf8')).toBe('one.\n')
    expect(await readFile(scratch.path('three/a.txt'), 'utf8')).toBe('mine')
  })
})
