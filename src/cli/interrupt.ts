import { isAbort } from '../shared/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** How long work may take to stop after Ctrl-C before the process ends without it: an engine that is asked to end has 3 seconds of these. */
const STOP_PATIENCE_MS = 8000

/** For a command in which Ctrl-C means something of its own. */
export interface Interrupts {
  /** Calls `handler` for every Ctrl-C from now on, until what is returned is disposed. */
  takeOver(handler: () => void): Disposable
}

/** Hands a command's work to whoever watches for Ctrl-C and keeps the exit status. */
export type RunCommand = (work: (signal: AbortSignal, interrupts: Interrupts) => Promise<ExitCode>) => Promise<void>

/**
 * Runs a command until it ends or the user ends it. The first Ctrl-C (or SIGTERM) aborts the signal, so that the
 * work stops cleanly and what is done stays; the second ends the process at once, and so do some seconds in which
 * the work does not stop, as when an engine hangs. When whoever reads stdout goes
 * away (`tarsier … | head -1`), the work stops too, without a word.
 */
export async function untilInterrupted(work: (signal: AbortSignal, interrupts: Interrupts) => Promise<ExitCode>): Promise<ExitCode> {
  const controller = new AbortController()
  let ended: ExitCode | null = null
  let late: NodeJS.Timeout | undefined
  const end = (code: ExitCode) => {
    if (ended !== null) process.exit(ended)
    ended = code
    controller.abort()
    late = setTimeout(() => process.exit(code), STOP_PATIENCE_MS)
  }
  let takenOver: (() => void) | null = null
  const interrupts: Interrupts = {
    takeOver(handler) {
      takenOver = handler
      return { [Symbol.dispose]: () => (takenOver = null) }
    },
  }
  const onInterrupt = () => (takenOver ? takenOver() : end(exitCodes.interrupted))
  const onTerminate = () => end(exitCodes.terminated)
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
    return ended ?? code
  } catch (error) {
    if (ended !== null && isAbort(error)) return ended
    throw error
  } finally {
    clearTimeout(late)
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}
