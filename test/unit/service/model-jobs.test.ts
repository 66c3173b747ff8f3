import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { Log } from '../../../src/service/log.ts'
import { type JobSpec, ModelJobs } from '../../../src/service/model-jobs.ts'
import type { ModelJob } from '../../../src/shared/contract/models.ts'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { HubServer } from '../../helpers/hub-server.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../helpers/small-disk.ts'

let scratch: ScratchFolder
beforeEach(async () => {
  scratch = await ScratchFolder.make()
})
afterEach(() => scratch[Symbol.asyncDispose]())

async function ended(jobs: ModelJobs, id: string): Promise<ModelJob | undefined> {
  for await (const all of jobs.watched.watch(undefined)) {
    const job = all.find((one) => one.id === id)
    if (job?.state !== 'running') return job
  }
  throw new Error('the jobs are told of without an end')
}

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
  await disk.fillUp()
  // The library's log may have free space of its own.
  const exhaust = () => {
    for (;;) library.modelJobs.put('other', {})
  }
  expect(exhaust).toThrow(expect.objectContaining({ code: 'disk-full' }))
  const { id } = await jobs.start(spec)
  const unsaved = () => log.newest(10).filter(({ text }) => text === `${source}: disk-full: the state of the job could not be saved`)
  expect(unsaved()).toHaveLength(1)
  expect(await ended(jobs, id)).toMatchObject({ state: 'failed', error: { message: expect.any(String) } })
  expect(unsaved()).toHaveLength(2)
  expect(jobs.running).toBe(0)
  jobs.resume(id)
  await ended(jobs, id)
  expect(unsaved()).toHaveLength(4)
  await disk.free()
  await jobs.cancel(id)
  expect(jobs.all).toEqual([])
})

test('a download is held until its import has ended', async () => {
  await using hub = await HubServer.start()
  const checkpoint = checkpointPath('newer-keys-heads-of-64')
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(checkpoint)) files.set(name, await readFile(join(checkpoint, name)))
  hub.add('somebody/tiny', { commit: 'abcdef1234567890abcdef1234567890abcdef12', revisions: ['main'], files })
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  vi.stubEnv('HF_HOME', scratch.path('hf'))
  onTestFinished(() => void vi.unstubAllEnvs())

  const home = scratch.path('home')
  using library = new Library(home)
  const held = new Map<string, Set<boolean>>()
  const onChange = () => {
    const [job] = jobs.all
    if (job?.state !== 'running' || job.progress.value === 0) return
    held.set(job.step, (held.get(job.step) ?? new Set()).add(existsSync(join(home, 'downloads/models--somebody--tiny/.downloading'))))
  }
  await using jobs = new ModelJobs({ home, library, log: new Log(home) }, onChange)
  const spec = { kind: 'download', name: 'tiny', source: 'somebody/tiny', revision: 'main', language: 'f32', vision: 'f32' } as const
  const { id } = await jobs.start(spec)
  expect(await ended(jobs, id)).toMatchObject({ state: 'done', error: null })
  expect([...held]).toEqual([
    ['fetching', new Set([true])],
    ['importing', new Set([true])],
  ])
  expect(existsSync(join(home, 'downloads'))).toBe(false)
  expect(existsSync(join(home, 'models/tiny'))).toBe(true)
})

test('a model of the catalogue whose download fits, but not the model beside it, is refused before the download', async ({ skip }) => {
  const small = await SmallDisk.mount(scratch.path('disk'), 8)
  if (small === null) return skip(NO_DISK)
  await using disk = small
  await using hub = await HubServer.start()
  const repository = 'omni-research/Tarsier2-Recap-7b'
  const files = new Map([
    ['config.json', new TextEncoder().encode('{}')],
    ['model.safetensors', new Uint8Array(5_200_000)],
  ])
  hub.add(repository, { commit: 'abcdef1234567890abcdef1234567890abcdef12', revisions: ['main'], files })
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  vi.stubEnv('HF_HOME', scratch.path('hf'))
  onTestFinished(() => void vi.unstubAllEnvs())
  using library = new Library(disk.path)
  await using jobs = new ModelJobs({ home: disk.path, library, log: new Log(disk.path) }, () => {})
  const { id } = await jobs.start({ kind: 'download', name: 'm', source: repository, revision: 'main', language: 'q8_0', vision: 'f16' })
  expect(await ended(jobs, id)).toMatchObject({
    state: 'failed',
    error: { code: 'disk-full', message: expect.stringMatching(/for the download and about .* for the model/) },
  })
  expect(hub.sent('model.safetensors')).toBe(0)
})
