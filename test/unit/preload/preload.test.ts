import { expect, test, vi } from 'vitest'

const exposeInMainWorld = vi.hoisted(() => vi.fn())
vi.mock('electron', async () => {
  const { strict } = await import('../../helpers/strict-electron.ts')
  return { contextBridge: strict('contextBridge', { exposeInMainWorld }) }
})

test('the page is given the bridge and nothing else', async () => {
  await import('../../../src/preload/index.ts')
  expect(exposeInMainWorld.mock.calls).toEqual([['tarsier', { platform: process.platform }]])
})
