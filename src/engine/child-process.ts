import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { parse } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reportCrash } from '../platform/crash-reports.ts'
import { exitReason, isCrash } from '../platform/exit-reason.ts'
import { programFile } from '../platform/program-file.ts'

/** Characters of error output that are kept: enough for the message of a native library. */
const LAST_WORDS = 4000
/** Signals by which the user or the system ends all processes. */
const ENDING_SIGNALS: readonly (NodeJS.Signals | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** A killed process ends at once, unless the system blocks it, for example on a lost network drive. */
const KILL_PATIENCE_MS = 5000

export interface ChildEntry {
  readonly path: string
  readonly execArgv: readonly string[]
}

/** How a child process ended. */
export interface ChildEnd {
  /** The signal or exit code in words, or the error that prevented the start. */
  readonly why: string
  /** The last line it wrote to its error output. */
  readonly lastLine: string
  /** Whether {@link NodeChild.stop} or {@link NodeChild.kill} had been called. */
  readonly stopRequested: boolean
  /** Whether a crash of native code ended it. */
  readonly crashed: boolean
  readonly cause?: unknown
}

/**
 * The program `name` beside the module at `url` ({@link programFile}); a TypeScript source is run with tsx. `heapMegabytes` limits the JavaScript heap;
 * V8 ends a process that exceeds it.
 */
export function childEntry(url: string, name: string, heapMegabytes?: number): ChildEntry {
  const { path, isSource } = programFile(url, name)
  // As a path, because a bare name would be resolved from the current directory.
  const loader = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`]
  return { path, execArgv: isSource ? [...heap, '--import', loader()] : heap }
}

/** A child process that runs native code, from the fork to its exit. `onExit` is called exactly once. */
export class NodeChild<To, From> {
  readonly #child: ChildProcess
  readonly #entry: ChildEntry
  readonly #exited: Promise<void>
  #gone: (end: Pick<ChildEnd, 'why' | 'crashed' | 'cause'>) => void = () => {}
  #lastOutput = ''
  #stopRequested = false

  /** `env` is added to this process's environment. */
  constructor(
    entry: ChildEntry,
    onMessage: (message: From) => void,
    onExit: (end: ChildEnd) => void,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#entry = entry
    this.#child = fork(entry.path, [], {
      execArgv: [...entry.execArgv],
      // One malloc arena for all threads: with one per thread the engine grew by 50 MB over its first 150 clips (docs/decisions/0034-native-heap.md).
      env: { MALLOC_ARENA_MAX: '1', ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastOutput = (this.#lastOutput + text).slice(-LAST_WORDS)
      if (process.env.TARSIER_DEBUG === '1') process.stderr.write(text)
    })
    this.#child.on('message', (message) => onMessage(message as From))
    // A child that computes or hangs must not outlive this process, however this process ends.
    const kill = () => this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.#exited = new Promise((resolve) => {
      let reported = false
      // A process that never started emits only `error`, not `exit`.
      this.#gone = (end) => {
        if (reported) return
        reported = true
        process.off('exit', kill)
        resolve()
        const lastLine = this.#lastOutput.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
        onExit({ ...end, lastLine, stopRequested: this.#stopRequested })
      }
      this.#child.once('error', (cause) => this.#gone({ why: cause.message, crashed: false, cause }))
      this.#child.once('exit', (code, signal) => {
        const why = exitReason(code, signal)
        if (code !== 0 && !this.#stopRequested && !ENDING_SIGNALS.includes(signal)) this.#report(why)
        this.#gone({ why, crashed: isCrash(code, signal) })
      })
    })
  }

  /** Its process id; undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  send(message: To): void {
    // The death of a process is reported by `exit`; a failed send needs no handling.
    if (this.#child.connected) this.#child.send(message as object, () => {})
  }

  /** Asks it to end, and kills it after `timeoutMs` milliseconds. */
  async stop(timeoutMs = 3000): Promise<void> {
    this.#stopRequested = true
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => void this.kill(), timeoutMs)
    await this.#exited
    clearTimeout(timer)
  }

  /** Kills it and waits for its end, so that its files are closed. `reason`: what is wrong with it, which is stored as a crash report. */
  async kill(reason?: string): Promise<void> {
    if (reason !== undefined && !this.#stopRequested) this.#report(reason)
    this.#stopRequested = true
    this.#child.kill('SIGKILL')
    const timer = setTimeout(() => this.#abandon(), KILL_PATIENCE_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #report(reason: string): void {
    // `engine-host` is the engine's program.
    const process = parse(this.#entry.path).name.replace(/-(host|process)$/, '')
    reportCrash({ process, reason, output: this.#lastOutput.trim() })
  }

  /** Gives up a process that does not end even when killed. */
  #abandon(): void {
    this.#child.unref()
    this.#child.stderr?.destroy()
    if (this.#child.connected) this.#child.disconnect()
    this.#gone({ why: 'the process does not exit after it was killed', crashed: false })
  }
}
