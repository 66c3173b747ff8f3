import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ErrorData, TarsierError } from '../../shared/errors.ts'
import type { FromHost, ToHost } from './protocol.ts'

/** What a dying process said last; enough for a native library's own message, never a flood. */
const LAST_WORDS = 4000

/**
 * One life of the engine's process: from the fork to its exit.
 * `onGone` is called exactly once, with an `engine-crashed` error unless it was asked to stop.
 */
export class HostProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #lastWords = ''
  #stopping = false

  constructor(onMessage: (message: FromHost) => void, onGone: (error: TarsierError) => void) {
    const { path, execArgv } = hostEntry()
    this.#child = fork(path, [], { execArgv, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
      if (process.env.TARSIER_DEBUG === '1') process.stderr.write(text)
    })
    this.#child.on('message', (message) => onMessage(message as FromHost))
    // However this process ends, also by a second Ctrl-C, one that computes on or hangs must not stay behind.
    const kill = () => this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.#exited = new Promise((resolve) => {
      let told = false
      // `exit` alone is not enough: a process that never started gives only `error`.
      const gone = (why: string, cause?: unknown) => {
        if (told) return
        told = true
        process.off('exit', kill)
        resolve()
        onGone(this.#stopping ? new TarsierError('internal', 'The engine was stopped.') : crashed(why, this.#lastWords, cause))
      }
      this.#child.once('error', (error) => gone(error.message, error))
      this.#child.once('exit', (code, signal) => gone(signal ?? `exit code ${code}`))
    })
  }

  send(message: ToHost): void {
    // A process that has just died is told of by `exit`; a failing send adds nothing.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** Lets it end by itself, and kills it when it has not done so after `patience` milliseconds. */
  async stop(patience = 3000): Promise<void> {
    this.#stopping = true
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patience)
    await this.#exited
    clearTimeout(timer)
  }
}

/** The built entry beside the built caller; from sources (tests, tools) the TypeScript one through the loader that runs them. */
function hostEntry(): { path: string; execArgv: string[] } {
  const fromSource = import.meta.url.endsWith('.ts')
  const path = fileURLToPath(new URL(fromSource ? './engine-host.ts' : './engine-host.js', import.meta.url))
  // By its place: a bare name would be looked for where the user happens to be.
  const loader = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return { path, execArgv: fromSource ? ['--import', loader()] : [] }
}

function crashed(why: string, lastWords: string, cause?: unknown): TarsierError {
  const said = lastWords.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  return new TarsierError(
    'engine-crashed',
    `The engine stopped unexpectedly (${why}). It will be started again; if it happens with the same file or model again, try --device cpu or fewer frames, and report it.`,
    { cause, details: { why, said } },
  )
}

/** Plain data from the other process as the error it was there. */
export function reviveError(error: ErrorData | 'aborted'): Error {
  return error === 'aborted' ? new DOMException('The operation was aborted.', 'AbortError') : TarsierError.fromData(error)
}
