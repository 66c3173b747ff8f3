import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { programFile } from '../../platform/program-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { TowerSessionOptions } from './session-options.ts'
import type { FromThread, NamedFloats, ToThread } from './thread-messages.ts'

/**
 * An ONNX Runtime session in its own thread, for as long as the model is loaded. The thread is never terminated from outside, because
 * interrupting a run crashes the whole process; closing waits for the current run.
 */
export class TowerSession {
  readonly #thread: Worker
  readonly #waiting: { resolve(message: FromThread): void; reject(error: Error): void }[] = []
  #gone: TarsierError | null = null
  #closing: Promise<void> | null = null

  private constructor() {
    this.#thread = startThread()
    this.#thread.unref()
    this.#thread.on('message', (message: FromThread) => {
      this.#waiting.shift()?.resolve(message)
      this.#rest()
    })
    this.#thread.on('error', (error) => this.#end(broken(error.message, error)))
    this.#thread.on('exit', (code) => this.#end(broken(`its thread ended with code ${code}`)))
  }

  /** Loads the model on the device; rejects with ONNX Runtime's error if that fails. */
  static async open(path: string, options: TowerSessionOptions): Promise<TowerSession> {
    const session = new TowerSession()
    try {
      const answer = await session.#ask({ kind: 'open', path, options })
      if (answer.kind !== 'opened') throw unexpected(answer)
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }

  /** Runs the graph once; calls run one after another. The buffers of the inputs are transferred, and returned in the result. */
  async run(inputs: readonly NamedFloats[]): Promise<{ output: NamedFloats; inputs: readonly NamedFloats[] }> {
    if (this.#closing) throw new TarsierError('internal', 'The vision tower was used after it was closed. Please report it.')
    const answer = await this.#ask(
      { kind: 'run', inputs },
      inputs.map((input) => input.data.buffer),
    )
    if (answer.kind !== 'ran') throw unexpected(answer)
    return answer
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#gone) return
    const exited = new Promise((resolve) => this.#thread.once('exit', resolve))
    this.#thread.ref()
    await this.#ask({ kind: 'close' })
    await exited
  }

  async #ask(message: ToThread, transfer: ArrayBuffer[] = []): Promise<FromThread> {
    if (this.#gone) throw this.#gone
    const answer = await new Promise<FromThread>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#thread.ref()
      this.#thread.postMessage(message, transfer)
    })
    if (answer.kind === 'failed') throw new Error(answer.message)
    return answer
  }

  /** Lets the process exit while the thread is idle. */
  #rest(): void {
    if (this.#waiting.length === 0 && !this.#closing) this.#thread.unref()
  }

  #end(error: TarsierError): void {
    this.#gone ??= error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }
}

/** Starts the thread's program ({@link programFile}); a TypeScript source is loaded through tsx. */
function startThread(): Worker {
  const { path, isSource } = programFile(import.meta.url, 'tower-thread')
  if (!isSource) return new Worker(path)
  const entry = JSON.stringify(pathToFileURL(path).href)
  const tsxPackage = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))
  const tsx = JSON.stringify(new URL('./dist/esm/api/index.mjs', tsxPackage).href)
  // Node 20 ignores --import in a thread's execArgv.
  return new Worker(`import(${tsx}).then(({ register }) => (register(), import(${entry})))`, { eval: true, execArgv: [] })
}

function broken(why: string, cause?: unknown): TarsierError {
  return new TarsierError(
    'native-library',
    `ONNX Runtime, which runs the vision tower, cannot be used: ${why}. Install Tarsier Desktop again.`,
    { cause },
  )
}

function unexpected(answer: FromThread): TarsierError {
  return new TarsierError('internal', `The vision tower's thread sent an unexpected "${answer.kind}" message. Please report it.`)
}
