/** Windows' codes for the ends of processes that crashed (NTSTATUS), in words. */
const WINDOWS_CRASHES: ReadonlyMap<number, string> = new Map([
  [0xc0000005, 'access violation'],
  [0xc0000017, 'out of memory'],
  [0xc000001d, 'illegal instruction: this processor lacks one that the program uses'],
  [0xc0000094, 'division by zero'],
  [0xc00000fd, 'stack overflow'],
  [0xc0000135, 'a library was not found'],
  [0xc0000139, 'a library is of another version'],
  [0xc0000142, 'a library failed to start'],
  [0xc0000374, 'heap corruption'],
  [0xc0000409, 'it ended itself over an error it could not handle'],
])

/** How a process ended, for people: its signal, or its exit code, which on Windows stands for a crash when it is large. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null = null): string {
  if (signal !== null) return signal
  if (code === null) return 'no exit code'
  const unsigned = code >>> 0
  if (unsigned < 0xc0000000) return `exit code ${code}`
  return `${WINDOWS_CRASHES.get(unsigned) ?? 'it crashed'} (0x${unsigned.toString(16)})`
}
