import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { type BenchJobSpec, BenchJobs } from '../../../src/service/bench-jobs.ts'
import { Engines } from '../../../src/service/engines.ts'
import { Log } from '../../../src/service/log.ts'
import { RunQueue } from '../../../src/service/run-queue.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

/** A run that ends before it needs a model. */
const spec: BenchJobSpec = { sets: ['no-such-set'], model: 'demo', annotations: null, videos: null, frames: 4, limit: 1 }

let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

/** The jobs of one process. */
function jobsOf(library: Library): BenchJobs {
  const home = scratch.directory
  const engines = new Engines({ home }, () => {}, {})
  return new BenchJobs({ home, folder: scratch.path('benchmarks'), library, engines, runs: new RunQueue(), log: new Log(home) }, () => {})
}

test('two processes that start the same run at the same time get different folders', async () => {
  using library = new Library(scratch.directory)
  await using one = jobsOf(library)
  await using two = jobsOf(library)
  mkdirSync(scratch.path('benchmarks'))
  symlinkSync(scratch.path('disconnected'), scratch.path('benchmarks/no-such-set-demo'), 'junction')
  const names = [one.start(spec), two.start(spec)].map(({ place }) => basename(place))
  expect(names).toEqual(['no-such-set-demo-2', 'no-such-set-demo-3'])
})

test('a run whose folder cannot be created is refused with a reason', async () => {
  using library = new Library(scratch.directory)
  await using jobs = jobsOf(library)
  writeFileSync(scratch.path('benchmarks'), '')
  expect(() => jobs.start(spec)).toThrow(expect.objectContaining({ code: 'write-failed' }))
  expect(jobs.all).toEqual([])
})
