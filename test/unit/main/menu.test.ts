import { expect, test, vi } from 'vitest'
import { menuCommands } from '../../../src/shared/bridge.ts'

vi.mock('electron', async () => (await import('../../helpers/strict-electron.ts')).electronStandIn().module)
const { menuTemplate } = await import('../../../src/main/menu.ts')

interface Item {
  readonly label?: string
  readonly role?: string
  readonly type?: string
  readonly accelerator?: string
  readonly submenu?: readonly Item[]
  readonly enabled?: boolean
  readonly click?: () => void
}

function menuOf(over: Partial<Parameters<typeof menuTemplate>[0]> = {}) {
  const did: unknown[] = []
  const parts = {
    platform: 'linux',
    developing: false,
    recent: [],
    command: (command: string) => did.push(command),
    choose: (what: string) => did.push(['choose', what]),
    open: (path: string) => did.push(['open', path]),
    clearRecent: () => did.push('cleared'),
    ...over,
  } as Parameters<typeof menuTemplate>[0]
  const template = menuTemplate(parts) as unknown as readonly Item[]
  return { template, did, all: flat(template) }
}

function flat(items: readonly Item[]): Item[] {
  return items.flatMap((item) => [item, ...flat(item.submenu ?? [])])
}

test('contains every command of the page once', () => {
  const { all, did } = menuOf()
  for (const { click } of all) click?.()
  expect(did.filter((done) => (menuCommands as readonly unknown[]).includes(done)).sort()).toEqual([...menuCommands].sort())
})

test('asks for files and folders in the shell', () => {
  const { all, did } = menuOf()
  for (const accelerator of ['CmdOrCtrl+O', 'CmdOrCtrl+Shift+O']) all.find((item) => item.accelerator === accelerator)?.click?.()
  expect(did).toEqual([
    ['choose', 'clips'],
    ['choose', 'folder'],
  ])
})

test('shows recent files by name, with ampersands escaped', () => {
  expect(menuOf().all.find(({ label }) => label === 'Open Recent')?.enabled).toBe(false)
  const { all, did } = menuOf({ recent: ['/films/Tom & Jerry.mp4'] })
  all.find(({ label }) => label === 'Tom && Jerry.mp4')?.click?.()
  all.find(({ label }) => label === 'Clear the List')?.click?.()
  expect(did).toEqual([['open', '/films/Tom & Jerry.mp4'], 'cleared'])
})

test('has the usual items of each system, and developer tools only during development', () => {
  const roles = (over: Parameters<typeof menuOf>[0]) => menuOf(over).all.map(({ role }) => role)
  expect(roles({})).toContain('quit')
  expect(roles({})).not.toContain('toggleDevTools')
  expect(roles({ developing: true })).toContain('toggleDevTools')
  expect(menuOf({ platform: 'darwin' }).template[0]).toMatchObject({ role: 'appMenu' })
  expect(roles({ platform: 'darwin' })).toContain('close')
})

test.each(['linux', 'win32', 'darwin'])('has labels of its own on %s, since those of Electron are English', (platform) => {
  const { all } = menuOf({ platform: platform as NodeJS.Platform })
  const unnamed = all.filter(({ label, type }) => label === undefined && type !== 'separator')
  // macOS writes the app's name there.
  expect(unnamed.map(({ role }) => role)).toEqual(platform === 'darwin' ? ['appMenu'] : [])
  const ends = { linux: 'Quit', win32: 'Exit', darwin: 'Quit Tarsier Desktop' }
  expect(all.find(({ role }) => role === 'quit')?.label).toBe(ends[platform as keyof typeof ends])
})
