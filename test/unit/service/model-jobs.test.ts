import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { Log } from '../../../src/service/log.ts'
import { type JobSpec, ModelJobs } from '../../../src/service/model-jobs.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'

let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

// An unhandled rejection would fail the run of this file.
test('a job whose state does not fit on the disk ends as usual, and can be cancelled', async ({ skip }) => {
  const small = await SmallDisk.mount(scratch.path('disk'), 8)
  if (small === null) return skip(NO_DISK)
  await using disk = small
  const source = scratch.path('no-checkpoint')
  mkdirSync(source)
  writeFileSync(join(source, 'config.json'), '{}')
  const spec: Omit<JobSpec, 'id'> = { kind: 'import', name: 'tiny', source, revision: 'main', language: 'f32', vision: 'f32' }
  using library = new Library(disk.path)
  const log = new Log(disk.path)
  await using jobs = new ModelJobs({ home: disk.path, library, log }, () => {})
  const ended = async (id: string) => {
    for await (const all of jobs.watched.watch(undefined)) {
      const job = all.find((one) => one.id === id)
      if (job?.state !== 'running') return job
    }
    throw new Error('the jobs are told of without an end')
  }
  await disk.fillUp()
  // The library's log may have free space of its own.
  const exhaust = () => {
    for (;;) library.modelJobs.put('other', {})
  }
  expect(exhaust).toThrow(expect.objectContaining({ code: 'disk-full' }))
  const { id } = await jobs.start(spec)
  const unsaved = () => log.newest(10).filter(({ text }) => text === `${source}: disk-full: the state of the job could not be saved`)
  expect(unsaved()).toHaveLength(1)
  expect(await ended(id)).toMatchObject({ state: 'failed', error: { message: expect.any(String) } })
  expect(unsaved()).toHaveLength(2)
  expect(jobs.running).toBe(0)
  jobs.resume(id)
  await ended(id)
  expect(unsaved()).toHaveLength(4)
  await disk.free()
  await jobs.cancel(id)
  expect(jobs.all).toEqual([])
})
