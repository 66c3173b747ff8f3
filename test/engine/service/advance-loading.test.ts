import { cp, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { DEMO_MODEL, resolveModel } from '../../../src/engine/models/registry.ts'
import { AdvanceLoading, type AdvanceLoadingParts } from '../../../src/service/advance-loading.ts'
import { UNUSED_MS } from '../../../src/service/engines.ts'
import { runningProcesses } from '../../helpers/child-processes.ts'
import { finishedTurn, RunService } from './run-service.ts'

const CLIP = 'red-circle-right-then-grows.mp4'
/** Other programs may slow the load down. */
const PATIENCE = { timeout: 60_000 } as const
const settings = { sampling: { maxTokens: 8 } }

let run: RunService
beforeEach(async () => {
  run = await RunService.make()
})
afterEach(() => run[Symbol.asyncDispose]())

/** Whether a model is in memory: the engine tells a starting state only then. */
async function loaded(model: string = DEMO_MODEL): Promise<boolean> {
  const choice = { model, device: 'auto', cache: true } as const
  return (await run.service.engines.runStart(choice, { conversation: '', messages: [] })).loaded !== null
}

const state = () => [run.service.engines.model, run.service.advanceLoading.loading]

async function loadFully(): Promise<void> {
  await run.page.models.loadInAdvance()
  await expect.poll(state, PATIENCE).toEqual([DEMO_MODEL, false])
  expect(await loaded()).toBe(true)
}

async function newChat(): Promise<string> {
  const { handle } = await run.page.clips.openExample({ name: CLIP })
  return (await run.page.chats.create({ handle })).id
}

async function ask(more: { model?: string; chat?: string } = {}) {
  const { chat = await newChat(), model } = more
  return finishedTurn(run.page.chats.ask({ chat, settings: { ...settings, ...(model !== undefined && { model }) } }))
}

/** Another model with the same files. */
async function copyOfDemo(): Promise<string> {
  const folder = join(run.home, 'copy of demo')
  await cp(await resolveModel(DEMO_MODEL, run.home), folder, { recursive: true })
  return folder
}

const engines = () =>
  runningProcesses().filter(({ parent, zombie, command }) => parent === process.pid && !zombie && command.includes('engine-host'))

/** The service's own loading with a machine's memory and a clock that the test sets. */
function loadingWith(given: Pick<AdvanceLoadingParts, 'freeMemory' | 'now'>): AdvanceLoading {
  const { home, limits, library, engines, runs, log } = run.service
  return new AdvanceLoading({ home, limits, library, engines, runs, log, ...given })
}

test('the model and the tower are in memory before a question, which loads nothing', async () => {
  await loadFully()
  for await (const activity of await run.page.system.activity()) {
    expect(activity).toMatchObject({ model: DEMO_MODEL, loading: false, running: 'nothing' })
    break
  }
  const { events, turn } = await ask()
  expect(turn.state).toBe('done')
  expect(events).not.toContainEqual({ kind: 'stage', stage: 'loading' })
  expect(engines()).toHaveLength(1)
})

test('a question meanwhile takes over the load, and one for another model ends it', async () => {
  const chat = await newChat()
  await run.service.advanceLoading.begin()
  expect(state()).toEqual([DEMO_MODEL, true])
  const { events, turn } = await ask({ chat })
  expect(turn.state).toBe('done')
  expect(events).toContainEqual({ kind: 'stage', stage: 'loading' })
  expect(engines()).toHaveLength(1)

  await run.restart()
  const [other, again] = [await copyOfDemo(), await newChat()]
  await run.service.advanceLoading.begin()
  expect(state()).toEqual([DEMO_MODEL, true])
  expect((await ask({ chat: again, model: other })).turn).toMatchObject({ state: 'done', model: other })
  expect(state()).toEqual([other, false])
  expect(engines()).toHaveLength(1)
  // A model that a question has used is not replaced.
  await run.service.advanceLoading.begin()
  expect(state()).toEqual([other, false])
})

test('nothing is loaded while the setting is off, a run is active, or memory is short', async () => {
  await run.page.settings.set({ loadInAdvance: false })
  await run.service.advanceLoading.begin()
  expect(state()).toEqual([null, false])

  const leave = run.service.runs.enterIfIdle('test', 'chat')
  await run.page.settings.reset({ names: ['loadInAdvance'] })
  await run.service.advanceLoading.begin()
  expect(state()).toEqual([null, false])
  leave?.()

  await run.restart({ memory: 2e9 })
  await run.service.advanceLoading.begin()
  expect(state()).toEqual([null, false])
})

test('a model that no question has used leaves the memory when the setting is turned off, and another one replaces it', async () => {
  await loadFully()
  await run.page.settings.set({ loadInAdvance: false })
  await expect.poll(state, PATIENCE).toEqual([null, false])
  await run.page.settings.set({ loadInAdvance: true })
  await expect.poll(() => loaded(), PATIENCE).toBe(true)

  const other = await copyOfDemo()
  await run.page.settings.set({ model: other })
  await run.page.models.loadInAdvance()
  await expect.poll(() => loaded(other), PATIENCE).toBe(true)
  expect(engines()).toHaveLength(1)
  await ask({ model: other })
  await run.page.settings.set({ loadInAdvance: false })
  expect(await loaded(other)).toBe(true)
})

test('a model that no question has used leaves the memory when that becomes short, and after ten minutes', async () => {
  let [free, time] = [8e9, 0]
  using loading = loadingWith({ freeMemory: () => free, now: () => time })
  const begin = async () => {
    await loading.begin()
    await expect.poll(() => loading.loading, PATIENCE).toBe(false)
    expect(await loaded()).toBe(true)
  }
  await begin()
  await loading.check()
  expect(await loaded()).toBe(true)
  free = 0.9e9
  await loading.check()
  expect(state()).toEqual([null, false])

  // There is room for the weights, but not for a run beside them.
  free = 2e9
  await loading.begin()
  expect(state()).toEqual([null, false])

  free = 8e9
  await begin()
  time = UNUSED_MS + 1
  await loading.check()
  expect(state()).toEqual([null, false])

  await begin()
  await ask()
  ;[free, time] = [0, 3 * UNUSED_MS]
  await loading.check()
  expect(await loaded()).toBe(true)
})

test('a failure is logged once, and the question fails with its own error', async () => {
  const model = await copyOfDemo()
  await truncate(join(model, (await readManifest(model)).language.file), 100_000)
  await run.page.settings.set({ model })
  const failures = () => run.service.log.newest(100).filter(({ text }) => text.includes('could not be loaded in advance'))
  for (const _ of ['once', 'again']) {
    await run.page.models.loadInAdvance()
    await expect.poll(() => failures().length, PATIENCE).toBe(1)
    await expect.poll(state, PATIENCE).toEqual([null, false])
  }
  await expect(ask()).rejects.toMatchObject({ data: { code: 'model-damaged' } })

  await run.page.settings.set({ model: 'no such model' })
  await run.service.advanceLoading.begin()
  expect(failures()).toHaveLength(2)
  expect(state()).toEqual([null, false])
})

test('the cost of a question counts what the engine has taken while it loads', async () => {
  await loadFully()
  const other = { model: await copyOfDemo(), device: 'auto', cache: true } as const
  const { loaded: start, freed } = await run.service.engines.runStart(other, { conversation: '', messages: [] })
  expect(start).toBeNull()
  if (process.platform === 'linux') expect(freed).toBeGreaterThan(20e6)
  await run.service.engines.unload()
  expect(await run.service.engines.runStart(other, { conversation: '', messages: [] })).toEqual({ loaded: null, freed: 0 })
})
