/** What the process's exit status says. Scripts rely on these numbers. */
export const exitCodes = {
  /** Everything asked for was done. */
  done: 0,
  /** Something failed, e.g. one of several files; the rest was done. */
  failed: 1,
  /** The command line itself was wrong; nothing was begun. */
  usage: 2,
  /** Ended by Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
  /** Ended by SIGTERM: 128 + 15. */
  terminated: 143,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
