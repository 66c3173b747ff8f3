import { errorCodeInfo } from '../shared/error-codes.ts'
import { asTarsierError } from '../shared/errors.ts'

/** Exit statuses of the process. Scripts rely on these numbers. */
export const exitCodes = {
  /** Everything asked for was done. */
  done: 0,
  /** Something failed, e.g. one of several files; the rest succeeded. */
  failed: 1,
  /** The command line was invalid; nothing was started. */
  usage: 2,
  /** The hub or a model's server is unreachable, or may not be contacted (offline, "Never connect"). 69 as in sysexits.h, like the next two. */
  unavailable: 69,
  /** The hub asks to wait, or a resource is busy: retrying later may succeed. */
  tryLater: 75,
  /** The hub requires a token or consent. */
  denied: 77,
  /** Ended by Ctrl-C, by the convention of shells: 128 + SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM: 128 + 15. */
  terminated: 143,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Returns the exit status of a command that ended with an error. */
export function exitCodeOf(error: unknown): ExitCode {
  return exitCodes[errorCodeInfo[asTarsierError(error).code].exit]
}
