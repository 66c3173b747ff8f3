import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { resolveModel } from '../../../src/engine/models/registry.ts'
import { holdLock } from '../../../src/platform/folder-lock.ts'
import type { ModelJob } from '../../../src/shared/contract/models.ts'
import { TarsierError } from '../../../src/shared/errors.ts'
import { checkpointPath } from '../../helpers/checkpoint-folder.ts'
import { HubServer } from '../../helpers/hub-server.ts'
import { all, RunService } from './run-service.ts'

const REPOSITORY = 'somebody/tiny'
const CHECKPOINT = checkpointPath('newer-keys-heads-of-64')
const SHARD = 'model-00002-of-00004.safetensors'

let run: RunService
let hub: HubServer
let files: Map<string, Uint8Array>
beforeEach(async () => {
  run = await RunService.make()
  hub = await HubServer.start()
  files = new Map()
  for (const name of await readdir(CHECKPOINT)) files.set(name, await readFile(join(CHECKPOINT, name)))
  hub.add(REPOSITORY, { commit: 'abcdef1234567890abcdef1234567890abcdef12', revisions: ['main'], files })
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  vi.stubEnv('HF_HOME', join(run.home, 'hf'))
})
afterEach(async () => {
  await run[Symbol.asyncDispose]()
  await hub[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

const download = (name: string, repository = REPOSITORY) => run.page.models.download({ repository, name, language: 'f32', vision: 'f32' })

/** Waits until the page receives a matching state of a job. */
async function until(id: string, matches: (job: ModelJob) => boolean): Promise<ModelJob> {
  for await (const jobs of await run.page.models.jobs()) {
    const job = jobs.find((one) => one.id === id)
    if (job && matches(job)) return job
  }
  throw new Error('the jobs are told of without an end')
}

const over = (id: string) => until(id, ({ state }) => state !== 'running')
const installedModel = async (name: string) => (await run.page.models.list()).find((model) => model.name === name)
const downloads = () => join(run.home, 'downloads')
const half = () => Math.floor((files.get(SHARD)?.byteLength ?? 0) / 2)

/** Makes the hub stall after half of a shard; resolves when that half was sent. */
async function stalled(): Promise<void> {
  const before = hub.sent(SHARD)
  hub.misbehave = (route, file) => (route === 'store' && file === SHARD ? { kind: 'stall', after: half() } : null)
  while (hub.sent(SHARD) - before < half()) await new Promise((resolve) => setTimeout(resolve, 20))
  // Sent bytes may not have been written yet.
  await new Promise((resolve) => setTimeout(resolve, 500))
}

test('downloads and imports a model in the background, which then answers', async () => {
  const job = await download('tiny')
  expect(job).toMatchObject({ kind: 'download', name: 'tiny', source: REPOSITORY, state: 'running', step: 'fetching' })
  await expect(download('tiny')).rejects.toMatchObject({ data: { code: 'model-exists' } })
  const steps = new Set<string>()
  const done = await until(job.id, ({ step, state }) => {
    steps.add(step)
    return state !== 'running'
  })
  expect(done).toMatchObject({ state: 'done', error: null })
  expect([...steps]).toEqual(['fetching', 'importing'])
  expect(await installedModel('tiny')).toMatchObject({ problem: null, repository: REPOSITORY, language: 'f32' })
  expect(existsSync(downloads())).toBe(false)

  const { handle } = await run.page.clips.openExample({ name: 'blue-square-spins.mp4' })
  const { id: chat } = await run.page.chats.create({ handle })
  const settings = { model: 'tiny', frames: { kind: 'uniform' as const, count: 4 }, sampling: { maxTokens: 4 } }
  expect((await all(run.page.chats.ask({ chat, settings }))).at(-1)).toMatchObject({
    kind: 'saved',
    turn: { state: 'done', model: 'tiny' },
  })

  await run.page.models.remove({ name: 'tiny' })
  expect(await installedModel('tiny')).toBeUndefined()
})

test('a paused download resumes after a restart and fetches nothing twice', async () => {
  const { id } = await download('tiny')
  await stalled()
  expect(await run.page.models.pause({ job: id })).toMatchObject({ state: 'paused', step: 'fetching' })
  expect(await run.page.system.activity().then(first)).toMatchObject({ jobs: 0 })
  hub.misbehave = () => null
  await run.restart()
  expect(await over(id)).toMatchObject({ state: 'paused', error: null })
  expect(await installedModel('tiny')).toBeUndefined()
  expect(await run.page.models.resume({ job: id })).toMatchObject({ state: 'running' })
  expect(await over(id)).toMatchObject({ state: 'done' })
  expect(hub.sent(SHARD)).toBe(files.get(SHARD)?.byteLength)
  expect(await installedModel('tiny')).toMatchObject({ problem: null })
})

test('a download that the end of the program interrupted is paused', async () => {
  const { id } = await download('tiny')
  await stalled()
  hub.misbehave = () => null
  await run.restart()
  expect(await over(id)).toMatchObject({ state: 'paused' })
  await run.page.models.resume({ job: id })
  expect(await over(id)).toMatchObject({ state: 'done' })
})

test('a cancelled download leaves no job and no file', async () => {
  const { id } = await download('tiny')
  await stalled()
  expect(existsSync(downloads())).toBe(true)
  await run.page.models.cancel({ job: id })
  expect(await run.page.models.jobs().then(first)).toEqual([])
  expect(existsSync(downloads()) ? await readdir(downloads()) : []).toEqual([])
  await run.restart()
  expect(await run.page.models.jobs().then(first)).toEqual([])
  await expect(run.page.models.resume({ job: id })).rejects.toMatchObject({ data: { code: 'nothing-found' } })
})

test('a download waits for another process, whose files a cancelled job leaves', async () => {
  const lock = await holdLock(join(downloads(), 'models--somebody--tiny', '.downloading'), () => new TarsierError('download-busy', 'busy'))
  const partial = join(downloads(), 'models--somebody--tiny', 'blobs', 'partial')
  await mkdir(join(partial, '..'))
  await writeFile(partial, 'gigabytes')
  const waits = ({ progress }: ModelJob) => progress.title === `waiting for another import of ${REPOSITORY}`
  const [one, two] = [await download('one'), await download('two')]
  for (const { id } of [one, two]) await until(id, waits)
  for (const { id } of [one, two]) await run.page.models.cancel({ job: id })
  expect(await run.page.models.jobs().then(first)).toEqual([])
  expect(await readFile(partial, 'utf8')).toBe('gigabytes')

  const { id } = await download('three')
  await until(id, waits)
  await lock[Symbol.asyncDispose]()
  expect(await over(id)).toMatchObject({ state: 'done' })
  expect(existsSync(downloads())).toBe(false)
})

test('two models of one repository are imported one after the other, from one download', async () => {
  const [one, two] = [await download('one'), await download('two')]
  for (const { id } of [one, two]) expect(await over(id)).toMatchObject({ state: 'done', error: null })
  expect(hub.sent(SHARD)).toBe(files.get(SHARD)?.byteLength)
  expect(existsSync(downloads())).toBe(false)
})

test('two models of one repository share the download until neither needs it', async () => {
  const [one, two, three] = [await download('one'), await download('two'), await download('three')]
  await stalled()
  for (const { id } of [one, two, three]) await run.page.models.pause({ job: id })
  await run.page.models.cancel({ job: one.id })
  expect(await readdir(downloads())).not.toEqual([])
  hub.misbehave = () => null
  await run.page.models.resume({ job: two.id })
  expect(await over(two.id)).toMatchObject({ state: 'done' })
  await run.page.models.resume({ job: three.id })
  expect(await over(three.id)).toMatchObject({ state: 'done' })
  expect(hub.sent(SHARD)).toBe(files.get(SHARD)?.byteLength)
  expect(existsSync(downloads())).toBe(false)
})

test('a failed job reports the reason and can be retried', async () => {
  const { id } = await download('tiny', 'somebody/else')
  const failed = await over(id)
  expect(failed).toMatchObject({ state: 'failed', error: { code: 'hub-missing', message: expect.stringContaining('somebody/else') } })
  await run.restart()
  expect(await over(id)).toMatchObject({ state: 'failed', error: { code: 'hub-missing' } })
  hub.add('somebody/else', { commit: '1234567890abcdef1234567890abcdef12345678', revisions: ['main'], files })
  await run.page.models.resume({ job: id })
  expect(await over(id)).toMatchObject({ state: 'done', error: null })
})

test('imports a folder with a chosen adapter, and fails for a folder without one', async () => {
  const adapter = fileURLToPath(new URL('../../fixtures/lora/qwen2-vl', import.meta.url))
  const source = run.service.folders.add(checkpointPath('tied-heads-of-16'))
  const begin = (name: string, folder: string) =>
    run.page.models.import({ source, adapter: run.service.folders.add(folder), name, language: 'f32', vision: 'f32' })
  const { id } = await begin('tuned', adapter)
  expect(await over(id)).toMatchObject({ state: 'done', error: null })
  const manifest = await readManifest(await resolveModel('tuned', run.home))
  expect(manifest.source).toMatchObject({ adapter: 'qwen2-vl' })

  const wrong = await begin('wrong', CHECKPOINT)
  expect(await over(wrong.id)).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('adapter_config.json') } })
  // The job keeps its settings after a restart.
  await run.restart()
  await run.page.models.resume({ job: wrong.id })
  expect(await over(wrong.id)).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('adapter_config.json') } })
})

async function first<T>(events: AsyncIterable<T>): Promise<T> {
  for await (const event of events) return event
  throw new Error('nothing came')
}
