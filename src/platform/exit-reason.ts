import { phrase } from '../shared/phrase.ts'

/** Windows exit codes of crashed processes (NTSTATUS), with descriptions. */
const WINDOWS_CRASHES: ReadonlyMap<number, string> = new Map([
  [0xc0000005, phrase`access violation`],
  [0xc0000017, phrase`out of memory`],
  [0xc000001d, phrase`illegal instruction: this processor does not support an instruction that the program uses`],
  [0xc0000094, phrase`division by zero`],
  [0xc00000fd, phrase`stack overflow`],
  [0xc0000135, phrase`a library was not found`],
  [0xc0000139, phrase`a library has the wrong version`],
  [0xc0000142, phrase`a library failed to start`],
  [0xc0000374, phrase`heap corruption`],
  [0xc0000409, phrase`unhandled error`],
])

/** Describes how a process ended: its signal or exit code. On Windows, large exit codes indicate a crash. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null = null): string {
  if (signal !== null) return signal
  if (code === null) return phrase`no exit code`
  const unsigned = code >>> 0
  if (unsigned < 0xc0000000) return phrase`exit code ${code}`
  return phrase`${WINDOWS_CRASHES.get(unsigned) ?? phrase`it crashed`} (0x${unsigned.toString(16)})`
}

const CRASH_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS'])
/** STATUS_CONTROL_C_EXIT: ended by Ctrl-C. */
const WINDOWS_INTERRUPTED = 0xc000013a
/** Node's exit code on Windows where it raises SIGABRT elsewhere. */
const NODE_ABORTED = 134

/** Whether a process ended by a fault of its native code, not by a request of the user or the system. */
export function isCrash(code: number | null, signal: NodeJS.Signals | null = null): boolean {
  if (signal !== null) return CRASH_SIGNALS.has(signal)
  if (code === null) return false
  const unsigned = code >>> 0
  return unsigned === NODE_ABORTED || (unsigned >= 0x80000000 && unsigned !== WINDOWS_INTERRUPTED)
}
