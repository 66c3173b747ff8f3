import { z } from 'zod'

/** A process that ended unexpectedly, as it is stored on this machine. Nothing sends it anywhere. */
export const crashReportSchema = z.object({
  id: z.string().regex(/^[\w-]+$/),
  /** Milliseconds since 1970. */
  time: z.number(),
  /** Which process: `app`, `page`, `service`, `command`, `engine`, `media`, or Chromium's name of one of its own. */
  process: z.string(),
  /** The signal, the exit code or the message of the error. */
  reason: z.string(),
  /** Where an error of JavaScript occurred; empty for native crashes. */
  stack: z.string(),
  /** The last lines of the process's error output, the newest last; empty if they are not known. */
  output: z.string(),
  version: z.string(),
  platform: z.string(),
  node: z.string(),
})
export type CrashReport = z.infer<typeof crashReportSchema>

/** What a caller knows about a crash. */
export type Crash = Pick<CrashReport, 'process' | 'reason'> & Partial<Pick<CrashReport, 'stack' | 'output'>>
