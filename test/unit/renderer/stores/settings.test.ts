import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { RPC_PATH } from '../../../../src/shared/contract/addresses.ts'
import { defaultSettings, type Settings, type SettingsView, settingsContract } from '../../../../src/shared/contract/settings.ts'

/** Stores settings like the service; each test controls how a call ends. */
let storedSettings = defaultSettings
let answer: (view: SettingsView) => Promise<SettingsView>
const view = (): SettingsView => ({ values: storedSettings, defaults: defaultSettings })
const change = async (next: Settings): Promise<SettingsView> => {
  const before = storedSettings
  storedSettings = next
  try {
    return await answer(view())
  } catch (error) {
    storedSettings = before
    throw error
  }
}
const area = implement(settingsContract)
const handler = new RPCHandler({
  settings: {
    get: area.get.handler(view),
    set: area.set.handler(({ input }) => change(Object.assign({}, storedSettings, input))),
    addPrompt: area.addPrompt.handler(({ input }) => change({ ...storedSettings, prompts: [...storedSettings.prompts, input] })),
    removePrompt: area.removePrompt.handler(view),
    reset: area.reset.handler(() => {
      storedSettings = defaultSettings
      return view()
    }),
  },
})

const server = createServer((request, response) => void handler.handle(request, response, { prefix: RPC_PATH }))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
vi.stubGlobal('window', { location: { href: `http://127.0.0.1:${port}/` } })
vi.resetModules() // another test file's port leads to another server
const { useSettings } = await import('../../../../src/renderer/stores/settings.ts')
const store = useSettings.getState
const shown = () => useSettings.getState().view?.values

beforeEach(async () => {
  storedSettings = defaultSettings
  answer = async (response) => response
  await store().load()
})

afterAll(() => {
  vi.unstubAllGlobals()
  server.closeAllConnections()
  server.close()
})

test('shows a second change while the first call is running', async () => {
  const seen: (number | null | undefined)[] = []
  const stop = useSettings.subscribe(({ view: now }) => seen.push(now?.values.maxTokens))
  await Promise.all([store().set({ maxTokens: 100 }), store().set({ maxTokens: 200 })])
  stop()
  expect(seen[0]).toBe(100)
  expect(new Set(seen.slice(1))).toEqual(new Set([200]))
  expect(storedSettings.maxTokens).toBe(200)
})

test('sends calls one after another, so that a slow first one does not win', async () => {
  let slow = true
  answer = async (response) => {
    if (slow) {
      slow = false
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return response
  }
  await Promise.all([store().set({ frames: 8 }), store().set({ frames: 32 })])
  expect(shown()?.frames).toBe(32)
  expect(storedSettings.frames).toBe(32)
})

test('reverts a rejected change, and keeps changes made meanwhile', async () => {
  answer = async (response) => {
    if (response.values.frames === 3) throw new ORPCError('BAD_REQUEST')
    return response
  }
  await Promise.all([store().set({ frames: 3 }), store().set({ temperature: 0.5 })])
  expect(shown()).toEqual({ ...defaultSettings, temperature: 0.5 })
})

test('a prompt is added to those of other pages; whether it is stored is known afterwards', async () => {
  const [mine, other] = [
    { name: 'Mine', text: 'What is it?' },
    { name: 'Other', text: 'Why?' },
  ]
  storedSettings = { ...defaultSettings, prompts: [other] }
  expect(await store().addPrompt(mine)).toBe(true)
  expect(shown()?.prompts).toEqual([other, mine])
  answer = () => Promise.reject(new ORPCError('BAD_REQUEST'))
  expect(await store().addPrompt({ name: 'Third', text: 'Who?' })).toBe(false)
  expect(await store().set({ system: 'Be brief.' })).toBe(false)
  expect(shown()).toEqual({ ...defaultSettings, prompts: [other, mine] })
})

test('a reset is not undone by a change before it', async () => {
  await Promise.all([store().set({ frames: 8, temperature: 0.5 }), store().reset()])
  expect(shown()).toEqual(defaultSettings)
})
