import { isAbort } from '../shared/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/**
 * Time that work may take to stop after Ctrl-C before the process exits without it, in milliseconds. Shutting down an engine may take 3 seconds of
 * it.
 */
const STOP_PATIENCE_MS = 8000

/** For commands that handle Ctrl-C themselves. */
export interface Interrupts {
  /** Calls `handler` for every Ctrl-C until the returned object is disposed. */
  takeOver(handler: () => void): Disposable
  /** Calls `handler` for the first Ctrl-C or SIGTERM, which then do not end the work. The next one does. */
  beforeEnd(handler: () => void): Disposable
}

/** Runs a command's work with Ctrl-C handling, and sets the exit status. */
export type RunCommand = (work: (signal: AbortSignal, interrupts: Interrupts) => Promise<ExitCode>) => Promise<void>

/**
 * Runs a command until it ends or the user interrupts it. The first Ctrl-C (or SIGTERM) aborts the signal, so that the work stops cleanly and
 * completed results are kept. The second ends the process immediately, as does a timeout of a few seconds if the work does not stop, for example
 * because an engine hangs. If the reader of stdout closes it (`tarsier … | head -1`), the work stops, too, without a message.
 */
export async function untilInterrupted(work: (signal: AbortSignal, interrupts: Interrupts) => Promise<ExitCode>): Promise<ExitCode> {
  const controller = new AbortController()
  let ended: ExitCode | null = null
  /** Exit status of work that ends by itself after the first Ctrl-C or SIGTERM. */
  let announced: ExitCode | null = null
  let late: NodeJS.Timeout | undefined
  const end = (code: ExitCode) => {
    if (ended !== null) process.exit(ended)
    ended = code
    controller.abort()
    late = setTimeout(() => process.exit(code), STOP_PATIENCE_MS)
  }
  let takenOver: (() => void) | null = null
  let first: (() => void) | null = null
  const onEnd = (code: ExitCode) => {
    const handler = first
    first = null
    if (!handler) return end(code)
    announced = code
    handler()
  }
  const interrupts: Interrupts = {
    takeOver(handler) {
      takenOver = handler
      return { [Symbol.dispose]: () => (takenOver = null) }
    },
    beforeEnd(handler) {
      first = handler
      return { [Symbol.dispose]: () => (first = null) }
    },
  }
  const onInterrupt = () => (takenOver ? takenOver() : onEnd(exitCodes.interrupted))
  const onTerminate = () => onEnd(exitCodes.terminated)
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    ended ??= exitCodes.done
    controller.abort()
  }
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  process.stdout.on('error', onOutputError)
  try {
    const code = await work(controller.signal, interrupts)
    return ended ?? announced ?? code
  } catch (error) {
    if (ended !== null && isAbort(error)) return ended
    throw error
  } finally {
    clearTimeout(late)
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}
