import { errorFacts } from '../shared/error-codes.ts'
import { asTarsierError } from '../shared/errors.ts'

/** What the process's exit status says. Scripts rely on these numbers. */
export const exitCodes = {
  /** Everything asked for was done. */
  done: 0,
  /** Something failed, e.g. one of several files; the rest was done. */
  failed: 1,
  /** The command line itself was wrong; nothing was begun. */
  usage: 2,
  /** The hub or a model's server cannot be reached, or may not be asked (offline). 69 as in sysexits.h, like the next two. */
  unavailable: 69,
  /** The hub asks to wait, or what is wanted is busy: the same again later may work. */
  tryLater: 75,
  /** The hub gives this only to those it knows: a token or consent is needed. */
  denied: 77,
  /** Ended by Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM: 128 + 15. */
  terminated: 143,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The exit status of a command that ended with an error. */
export function exitCodeOf(error: unknown): ExitCode {
  return exitCodes[errorFacts[asTarsierError(error).code].exit]
}
