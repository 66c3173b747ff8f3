import { vi } from 'vitest'

/** Fails on anything the stand-in does not have, so that a call nobody thought of cannot pass unseen. */
export function strict<T extends object>(name: string, known: T): T {
  return new Proxy(known, {
    get(target, key, receiver) {
      // Symbols, and `then`, are asked for by the language itself (printing, await), not by the code under test.
      if (typeof key === 'symbol' || key === 'then' || key in target) return Reflect.get(target, key, receiver)
      throw new Error(`electron's stand-in has no ${name}.${key}`)
    },
  })
}

type Listener = (...args: unknown[]) => unknown

/** Remembers listeners, and calls them when the test says that something happened. */
export class Listeners {
  readonly #byName = new Map<string, Listener[]>()

  readonly on = (name: string, listener: Listener): void => {
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), listener])
  }

  emit(name: string, ...args: unknown[]): void {
    const listeners = this.#byName.get(name)
    if (!listeners) throw new Error(`Nobody listens to "${name}".`)
    for (const listener of listeners) listener(...args)
  }
}

export class WindowStandIn {
  static readonly all: WindowStandIn[] = []
  static readonly getAllWindows = (): WindowStandIn[] => WindowStandIn.all

  readonly listeners = new Listeners()
  readonly loadURL = vi.fn(async (_url: string): Promise<void> => {})
  readonly show = vi.fn()
  readonly once = this.listeners.on
  readonly options: unknown

  constructor(options: unknown) {
    this.options = options
    WindowStandIn.all.push(this)
    // biome-ignore lint/correctness/noConstructorReturn: the code under test must see the strict face, the test the rest.
    return strict('BrowserWindow', this)
  }
}

/** Electron as its main process sees it. `order` has the calls whose order matters; `ready()` lets `app.whenReady()` come true. */
export function electronStandIn() {
  const order: string[] = []
  const listeners = new Listeners()
  const { promise: whenReady, resolve: ready } = deferred()
  const app = {
    on: listeners.on,
    quit: vi.fn(),
    enableSandbox: vi.fn(() => void order.push('enableSandbox')),
    whenReady: () => whenReady.then(() => void order.push('ready')),
  }
  const protocol = {
    registerSchemesAsPrivileged: vi.fn((_schemes: unknown) => void order.push('registerSchemesAsPrivileged')),
    handle: vi.fn((_scheme: string, _handler: (request: Request) => Promise<Response>) => void order.push('handle')),
  }
  const defaultSession = {
    setPermissionRequestHandler: vi.fn(
      (_handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void) => {},
    ),
    setPermissionCheckHandler: vi.fn((_handler: () => boolean) => {}),
    setDevicePermissionHandler: vi.fn((_handler: () => boolean) => {}),
  }
  const module = {
    app: strict('app', app),
    protocol: strict('protocol', protocol),
    session: strict('session', { defaultSession: strict('session.defaultSession', defaultSession) }),
    BrowserWindow: strict('BrowserWindow', WindowStandIn),
  }
  return { module, app, protocol, defaultSession, listeners, order, ready, windows: WindowStandIn.all }
}

function deferred() {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
