import { beforeAll, expect, test, vi } from 'vitest'
import { type Bridge, channels } from '../../../src/shared/bridge.ts'

const electron = vi.hoisted(() => ({
  exposed: new Map<string, unknown>(),
  sent: [] as unknown[][],
  listeners: new Map<string, (...args: unknown[]) => void>(),
}))
vi.mock('electron', async () => {
  const { strict } = await import('../../helpers/strict-electron.ts')
  return {
    contextBridge: strict('contextBridge', { exposeInMainWorld: (name: string, value: unknown) => void electron.exposed.set(name, value) }),
    ipcRenderer: strict('ipcRenderer', {
      send: (...args: unknown[]) => void electron.sent.push(args),
      invoke: async (...args: unknown[]) => void electron.sent.push(args),
      on: (name: string, listener: (...args: unknown[]) => void) => void electron.listeners.set(name, listener),
    }),
    webUtils: strict('webUtils', { getPathForFile: (file: File) => (file.name === 'pasted.png' ? '' : `/clips/${file.name}`) }),
  }
})

let bridge: Bridge
beforeAll(async () => {
  await import('../../../src/preload/index.ts')
  bridge = electron.exposed.get('tarsier') as Bridge
})

test('exposes the bridge and nothing else', () => {
  expect([...electron.exposed.keys()]).toEqual(['tarsier'])
  expect(Object.keys(bridge).sort()).toEqual([
    'choose',
    'connect',
    'copyMoment',
    'onFiles',
    'onMenu',
    'onUpdates',
    'open',
    'platform',
    'setLanguage',
    'setTheme',
    'show',
    'showCrashReports',
    'updates',
  ])
  expect(bridge.platform).toBe(process.platform)
})

test('passes the paths of files that have one', async () => {
  electron.sent.length = 0
  await bridge.open([new File([], 'a.mp4'), new File([], 'pasted.png')])
  expect(electron.sent).toEqual([[channels.open, ['/clips/a.mp4']]])
})

test('passes data to listeners without the event that carries the sender', () => {
  const received: unknown[] = []
  bridge.onMenu((command) => received.push(command))
  electron.listeners.get(channels.menu)?.({ sender: 'everything' }, 'library')
  expect(received).toEqual(['library'])
})

test('passes a port only to the page of the same origin', () => {
  const posted: unknown[][] = []
  vi.stubGlobal('window', { location: { origin: 'app://tarsier' }, postMessage: (...args: unknown[]) => posted.push(args) })
  electron.listeners.get(channels.port)?.({ ports: ['port'] })
  expect(posted).toEqual([[channels.port, 'app://tarsier', ['port']]])
  vi.unstubAllGlobals()
})

test('files that came before the page listened are not lost', () => {
  const [early, late] = [[{ kind: 'early' }], [{ kind: 'late' }]]
  const received: unknown[] = []
  electron.listeners.get(channels.files)?.({}, early)
  bridge.onFiles((files) => received.push(files))
  electron.listeners.get(channels.files)?.({}, late)
  expect(received).toEqual([early, late])
})

test('passes on the choices of theme and language', () => {
  electron.sent.length = 0
  bridge.setTheme('dark')
  bridge.setLanguage('zh-CN')
  expect(electron.sent).toEqual([
    [channels.theme, 'dark'],
    [channels.language, 'zh-CN'],
  ])
})

test('passes on the moment to copy', async () => {
  electron.sent.length = 0
  await bridge.copyMoment('AbCdEfGhIjKlMnOpQrStUv', 3.2)
  expect(electron.sent).toEqual([[channels.copyMoment, { handle: 'AbCdEfGhIjKlMnOpQrStUv', seconds: 3.2 }]])
})
