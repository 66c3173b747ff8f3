import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { exitReason, isCrash } from '../platform/exit-reason.ts'

/** What a dying process said last; enough for a native library's own message, never a flood. */
const LAST_WORDS = 4000
/** A killed process ends at once, unless the system itself is stuck with it, as over a network drive that is gone. */
const KILL_PATIENCE_MS = 5000

export interface ChildEntry {
  readonly path: string
  readonly execArgv: readonly string[]
}

/** How a child came to its end. */
export interface ChildEnd {
  /** The signal or the exit code, in words; what kept it from starting where it never did. */
  readonly why: string
  /** The last line it wrote to its error output. */
  readonly said: string
  /** Whether {@link NodeChild.stop} or {@link NodeChild.kill} had been called. */
  readonly asked: boolean
  /** Whether a fault of its native code ended it. */
  readonly crashed: boolean
  readonly cause?: unknown
}

/**
 * The program `name` beside the module of `url`: built beside the built caller; from sources (tests, tools) the TypeScript one
 * through the loader that runs them. `heapMegabytes` limits what its JavaScript may hold; V8 ends a process that would hold more.
 */
export function entryBeside(url: string, name: string, heapMegabytes?: number): ChildEntry {
  const fromSource = url.endsWith('.ts')
  const path = fileURLToPath(new URL(`./${name}.${fromSource ? 'ts' : 'js'}`, url))
  // By its place: a bare name would be looked for where the user happens to be.
  const loader = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`]
  return { path, execArgv: fromSource ? [...heap, '--import', loader()] : heap }
}

/** One life of a process of ours that runs native code, from the fork to its exit. `onGone` is called exactly once. */
export class NodeChild<To, From> {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #gone: (end: Pick<ChildEnd, 'why' | 'crashed' | 'cause'>) => void = () => {}
  #lastWords = ''
  #asked = false

  constructor(entry: ChildEntry, onMessage: (message: From) => void, onGone: (end: ChildEnd) => void) {
    this.#child = fork(entry.path, [], {
      execArgv: [...entry.execArgv],
      // One heap of glibc's for all threads: with one for each, the engine grew by 50 MB over its first 150 clips (docs/decisions/0034-native-heap.md).
      env: { MALLOC_ARENA_MAX: '1', ...process.env },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
      if (process.env.TARSIER_DEBUG === '1') process.stderr.write(text)
    })
    this.#child.on('message', (message) => onMessage(message as From))
    // However this process ends, also by a second Ctrl-C, one that computes on or hangs must not stay behind.
    const kill = () => this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.#exited = new Promise((resolve) => {
      let told = false
      // `exit` alone is not enough: a process that never started gives only `error`.
      this.#gone = (end) => {
        if (told) return
        told = true
        process.off('exit', kill)
        resolve()
        const said = this.#lastWords.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
        onGone({ ...end, said, asked: this.#asked })
      }
      this.#child.once('error', (cause) => this.#gone({ why: cause.message, crashed: false, cause }))
      this.#child.once('exit', (code, signal) => this.#gone({ why: exitReason(code, signal), crashed: isCrash(code, signal) }))
    })
  }

  send(message: To): void {
    // A process that has just died is told of by `exit`; a failing send adds nothing.
    if (this.#child.connected) this.#child.send(message as object, () => {})
  }

  /** Lets it end by itself, and kills it when it has not done so after `patience` milliseconds. */
  async stop(patience = 3000): Promise<void> {
    this.#asked = true
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => void this.kill(), patience)
    await this.#exited
    clearTimeout(timer)
  }

  /** Ends it at once, whatever it is at, and waits until it holds no file any more. */
  async kill(): Promise<void> {
    this.#asked = true
    this.#child.kill('SIGKILL')
    const timer = setTimeout(() => this.#abandon(), KILL_PATIENCE_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** Goes on without a process that does not even end when it is killed. */
  #abandon(): void {
    this.#child.unref()
    this.#child.stderr?.destroy()
    if (this.#child.connected) this.#child.disconnect()
    this.#gone({ why: 'it does not end when it is killed', crashed: false })
  }
}
