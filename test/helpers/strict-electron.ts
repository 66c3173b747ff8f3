import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'

/** Throws on properties that the stand-in does not have, so that no unexpected call goes unnoticed. */
export function strict<T extends object>(name: string, known: T): T {
  return new Proxy(known, {
    get(target, key, receiver) {
      // The language itself reads symbols and `then` (printing, await), not the code under test.
      if (typeof key === 'symbol' || key === 'then' || key in target) return Reflect.get(target, key, receiver)
      throw new Error(`electron's stand-in has no ${name}.${key}`)
    },
  })
}

type Listener = (...args: unknown[]) => unknown

/** Stores listeners, and calls them when the test emits an event. */
export class Listeners {
  readonly #byName = new Map<string, Listener[]>()

  readonly on = (name: string, listener: Listener): void => {
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), listener])
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  emit(name: string, ...args: unknown[]): void {
    const listeners = this.#byName.get(name)
    if (!listeners) throw new Error(`Nobody listens to "${name}".`)
    for (const listener of listeners) listener(...args)
  }
}

export class WindowStandIn {
  static readonly all: WindowStandIn[] = []
  static onCreated: (window: WindowStandIn) => void = () => {}
  static readonly getAllWindows = (): WindowStandIn[] => WindowStandIn.all

  readonly listeners = new Listeners()
  readonly loadURL = vi.fn(async (_url: string): Promise<void> => {})
  readonly show = vi.fn()
  readonly focus = vi.fn()
  readonly restore = vi.fn()
  readonly maximize = vi.fn()
  readonly setProgressBar = vi.fn()
  readonly isDestroyed = vi.fn(() => false)
  readonly contents = new Listeners()
  readonly reload = vi.fn()
  readonly webContents = strict('webContents', { on: this.contents.on, reload: this.reload })
  readonly isMinimized = vi.fn(() => false)
  readonly isFocused = vi.fn(() => false)
  readonly isMaximized = vi.fn(() => false)
  readonly getNormalBounds = vi.fn(() => ({ x: 40, y: 30, width: 900, height: 700 }))
  readonly once = this.listeners.on
  readonly on = this.listeners.on
  readonly options: unknown

  constructor(options: unknown) {
    this.options = options
    const proxy = strict('BrowserWindow', this)
    WindowStandIn.all.push(proxy)
    WindowStandIn.onCreated(proxy)
    // biome-ignore lint/correctness/noConstructorReturn: the code under test must see the strict face, the test the rest.
    return proxy
  }
}

/** A utility process: the messages that it received, and methods to send messages and to end it. */
export class ProcessStandIn {
  readonly listeners = new Listeners()
  readonly on = this.listeners.on
  readonly once = this.listeners.on
  readonly postMessage = vi.fn((_message: unknown, _ports?: unknown[]) => {})
  readonly kill = vi.fn(() => true)
}

class ChannelStandIn {
  static made = 0
  readonly port1: string
  readonly port2: string

  constructor() {
    ChannelStandIn.made += 1
    this.port1 = `service end ${ChannelStandIn.made}`
    this.port2 = `page end ${ChannelStandIn.made}`
  }
}

class NotificationStandIn {
  static readonly all: NotificationStandIn[] = []
  static readonly isSupported = () => true
  readonly listeners = new Listeners()
  readonly once = this.listeners.on
  readonly show = vi.fn()
  readonly options: unknown

  constructor(options: unknown) {
    this.options = options
    NotificationStandIn.all.push(this)
  }
}

/** Electron's API in the main process. `order` records the calls whose order matters; `ready()` resolves `app.whenReady()`. */
export function electronStandIn() {
  const order: string[] = []
  const listeners = new Listeners()
  const { promise: whenReady, resolve: ready } = deferred()
  const userData = mkdtempSync(join(tmpdir(), 'tarsier-shell-'))
  const app = {
    isPackaged: true,
    on: listeners.on,
    quit: vi.fn(),
    getVersion: () => '1.2.3',
    getPreferredSystemLanguages: vi.fn(() => ['en-GB']),
    isReady: vi.fn(() => true),
    getPath: vi.fn((name: 'userData') => ({ userData })[name]),
    requestSingleInstanceLock: vi.fn((_data: unknown) => true),
    addRecentDocument: vi.fn((_path: string) => {}),
    clearRecentDocuments: vi.fn(),
    setBadgeCount: vi.fn((_count: number) => true),
    setAppUserModelId: vi.fn((_id: string) => {}),
    commandLine: { hasSwitch: vi.fn((_name: string) => false) },
    enableSandbox: vi.fn(() => void order.push('enableSandbox')),
    whenReady: () => whenReady.then(() => void order.push('ready')),
  }
  const protocol = {
    registerSchemesAsPrivileged: vi.fn((_schemes: unknown) => void order.push('registerSchemesAsPrivileged')),
    handle: vi.fn((scheme: string, _handler: (request: Request) => Promise<Response>) => void order.push(`handle ${scheme}`)),
  }
  const defaultSession = {
    setPermissionRequestHandler: vi.fn(
      (_handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void) => {},
    ),
    setPermissionCheckHandler: vi.fn((_handler: (contents: unknown, permission: string) => boolean) => {}),
    setDevicePermissionHandler: vi.fn((_handler: () => boolean) => {}),
    webRequest: strict('webRequest', {
      onBeforeRequest: vi.fn(
        (_handler: (details: { readonly url: string }, answer: (verdict: { readonly cancel: boolean }) => void) => void) => {},
      ),
    }),
  }
  const ipc = new Listeners()
  const handlers = new Map<string, (event: unknown, sent: unknown) => Promise<unknown>>()
  const processes: ProcessStandIn[] = []
  const utilityProcess = {
    fork: vi.fn((_program: string, _args: string[], _options: unknown) => {
      const child = new ProcessStandIn()
      processes.push(child)
      return strict('UtilityProcess', child)
    }),
  }
  const dialog = {
    showOpenDialog: vi.fn(async (..._args: unknown[]) => ({ canceled: true, filePaths: [] as string[] })),
    showMessageBox: vi.fn(async (..._args: unknown[]) => ({ response: 0 })),
    showMessageBoxSync: vi.fn((..._args: unknown[]) => 0),
  }
  const power = new Listeners()
  const powerSaveBlocker = { start: vi.fn((_type: string) => 7), stop: vi.fn((_id: number) => {}) }
  const menus: unknown[] = []
  const Menu = { buildFromTemplate: (template: unknown) => template, setApplicationMenu: (menu: unknown) => void menus.push(menu) }
  const shell = { showItemInFolder: vi.fn((_path: string) => {}) }
  const clipboard = { writeText: vi.fn((_text: string) => {}) }
  const nativeTheme = { shouldUseDarkColors: true, themeSource: 'system' }
  const display = (id: number, x: number) => ({ id, workArea: { x, y: 0, width: 1600, height: 900 } })
  const screen = { getPrimaryDisplay: () => display(1, 0), getAllDisplays: () => [display(1, 0), display(2, 1600)] }
  const module = {
    app: strict('app', app),
    protocol: strict('protocol', protocol),
    session: strict('session', { defaultSession: strict('session.defaultSession', defaultSession) }),
    BrowserWindow: strict('BrowserWindow', WindowStandIn),
    ipcMain: strict('ipcMain', {
      on: ipc.on,
      handle: (channel: string, handler: (event: unknown, sent: unknown) => Promise<unknown>) => void handlers.set(channel, handler),
    }),
    utilityProcess: strict('utilityProcess', utilityProcess),
    MessageChannelMain: ChannelStandIn,
    Menu: strict('Menu', Menu),
    Notification: strict('Notification', NotificationStandIn),
    dialog: strict('dialog', dialog),
    shell: strict('shell', shell),
    clipboard: strict('clipboard', clipboard),
    nativeTheme: strict('nativeTheme', nativeTheme),
    screen: strict('screen', screen),
    powerMonitor: strict('powerMonitor', { on: power.on }),
    powerSaveBlocker: strict('powerSaveBlocker', powerSaveBlocker),
  }
  const windows = WindowStandIn.all
  WindowStandIn.onCreated = (window) => {
    if (listeners.has('browser-window-created')) listeners.emit('browser-window-created', {}, window)
  }
  const notifications = NotificationStandIn.all
  return {
    module,
    app,
    protocol,
    defaultSession,
    listeners,
    order,
    ready,
    windows,
    notifications,
    ipc,
    handlers,
    processes,
    utilityProcess,
    dialog,
    menus,
    shell,
    clipboard,
    nativeTheme,
    power,
    powerSaveBlocker,
    userData,
  }
}

/** The page as the sender of messages; `url` and `parent` decide whether it is ours. */
export function pageStandIn(url = 'app://tarsier/index.html', parent: unknown = null) {
  const listeners = new Listeners()
  const sender = {
    on: listeners.on,
    isDestroyed: () => false,
    send: vi.fn((_channel: string, _value: unknown) => {}),
    postMessage: vi.fn((_channel: string, _message: unknown, _ports: unknown[]) => {}),
  }
  return { listeners, sender, event: { sender: strict('WebContents', sender), senderFrame: { url, parent } } }
}

function deferred() {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
