import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Listeners } from '../../helpers/strict-electron.ts'
import { WAIT } from '../../helpers/wait.ts'

const electron = await vi.hoisted(async () => (await import('../../helpers/strict-electron.ts')).electronStandIn())
vi.mock('electron', () => electron.module)

beforeAll(async () => {
  await import('../../../src/main/index.ts')
  electron.ready()
  await vi.waitUntil(() => electron.windows.length > 0, WAIT)
})

test('sandbox and schemes are set before Electron is ready, and protocols before the window opens', () => {
  expect(electron.order).toEqual(['registerSchemesAsPrivileged', 'enableSandbox', 'ready', 'handle app', 'handle clip'])
  expect(electron.protocol.registerSchemesAsPrivileged.mock.calls).toEqual([
    [
      [
        { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
        { scheme: 'clip', privileges: { standard: true, secure: true, stream: true } },
      ],
    ],
  ])
})

test('opens one window: isolated, sandboxed, without Node, shown when ready', () => {
  const window = electron.windows[0]
  expect(window?.options).toEqual({
    x: 250,
    y: 70,
    width: 1100,
    height: 760,
    minWidth: 480,
    minHeight: 420,
    show: false,
    title: 'Tarsier Desktop',
    backgroundColor: '#14110d',
    webPreferences: {
      preload: expect.stringMatching(/preload[\\/]index\.cjs$/),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      devTools: false,
      spellcheck: process.platform === 'darwin',
    },
  })
  expect(window?.loadURL.mock.calls).toEqual([['app://tarsier/index.html']])
  expect(window?.show).not.toHaveBeenCalled()
  window?.listeners.emit('ready-to-show')
  expect(window?.show).toHaveBeenCalledOnce()
})

describe('denied actions of a page', () => {
  const tried = new Listeners()
  const contents = { setWindowOpenHandler: vi.fn(), on: tried.on }
  beforeAll(() => electron.listeners.emit('web-contents-created', {}, contents))

  test.each([
    ['https://example.org/', true],
    ['file:///etc/passwd', true],
    ['app://tarsier/other.html', true],
    ['clip://tarsier/clips/AbCdEfGhIjKlMnOpQrStUv', true],
    ['clip://tarsier/clips/AbCdEfGhIjKlMnOpQrStUv/pieces/AbCdEfGhIjKlMnOpQrStUv', false],
    ['app://tarsier/index.html', false],
    ['app://tarsier/index.html#/library?q=cat', false],
    ['https://example.org/#app://tarsier/index.html', true],
  ])('navigation to %s: %s', (url, stopped) => {
    for (const way of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
      const event = { url, preventDefault: vi.fn() }
      tried.emit(way, event)
      expect(event.preventDefault).toHaveBeenCalledTimes(stopped ? 1 : 0)
    }
  })

  test.each([
    ['app://tarsier/assets/index.js', false],
    ['clip://tarsier/clips/AbCdEfGhIjKlMnOpQrStUv', false],
    ['https://example.org/picture.png', true],
    ['ws://127.0.0.1:5173/', true],
    ['file:///etc/passwd', true],
    ['devtools://devtools/bundled/inspector.html', true],
  ])('a request to %s: %s', (url, cancel) => {
    const answer = vi.fn()
    electron.defaultSession.webRequest.onBeforeRequest.mock.calls[0]?.[0]({ url }, answer)
    expect(answer.mock.calls).toEqual([[{ cancel }]])
  })

  test('a new window', () => {
    expect(contents.setWindowOpenHandler.mock.calls[0]?.[0]({ url: 'https://example.org/' })).toEqual({ action: 'deny' })
  })

  test('an embedded view', () => {
    const event = { preventDefault: vi.fn() }
    tried.emit('will-attach-webview', event)
    expect(event.preventDefault).toHaveBeenCalledOnce()
  })

  test('every permission but full screen and writing to the clipboard', () => {
    const answer = vi.fn()
    const [request] = electron.defaultSession.setPermissionRequestHandler.mock.calls[0] ?? []
    for (const permission of ['media', 'fullscreen', 'notifications', 'clipboard-sanitized-write', 'clipboard-read'])
      request?.({}, permission, answer)
    expect(answer.mock.calls).toEqual([[false], [true], [false], [true], [false]])
    const [check] = electron.defaultSession.setPermissionCheckHandler.mock.calls[0] ?? []
    expect(['media', 'fullscreen', 'clipboard-read'].map((permission) => check?.({}, permission))).toEqual([false, true, false])
    expect(electron.defaultSession.setDevicePermissionHandler.mock.calls[0]?.[0]()).toBe(false)
  })
})

describe('app://', () => {
  const get = async (url: string, method = 'GET') => {
    const [, handler] = electron.protocol.handle.mock.calls[0] ?? []
    return await handler?.(new Request(url, { method }))
  }

  test('serves the page with its policy', async () => {
    const response = await get('app://tarsier/index.html')
    expect(response?.status).toBe(200)
    expect(response?.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response?.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await response?.text()).toContain('<title>Tarsier Desktop</title>')
  })

  test.each([
    'app://tarsier/',
    'app://tarsier/missing.js',
    'app://elsewhere/index.html',
    'app://tarsier/..%2fmain%2findex.ts',
    'app://tarsier/..%5c..%5cpackage.json',
  ])('serves nothing at %s', async (url) => {
    expect((await get(url))?.status).toBe(404)
  })

  test('accepts only GET', async () => {
    expect((await get('app://tarsier/index.html', 'POST'))?.status).toBe(404)
  })
})

test('closing the last window quits, except on macOS', () => {
  const quits = () => electron.app.quit.mock.calls.length
  vi.spyOn(process, 'platform', 'get').mockReturnValueOnce('darwin')
  electron.listeners.emit('window-all-closed')
  expect(quits()).toBe(0)
  vi.spyOn(process, 'platform', 'get').mockReturnValueOnce('linux')
  electron.listeners.emit('window-all-closed')
  expect(quits()).toBe(1)
})

test('a click in the dock opens a window only if there is none', () => {
  electron.listeners.emit('activate')
  expect(electron.windows).toHaveLength(1)
  electron.windows.length = 0
  electron.listeners.emit('activate')
  expect(electron.windows).toHaveLength(1)
})
