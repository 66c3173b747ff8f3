import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever its timer. */
const TICKS = 100

/** Processor seconds of this process and of its child processes that have ended, user and system together; null except on Linux. */
export function processorSeconds(): number | null {
  if (process.platform !== 'linux') return null
  // After the name in parentheses, which may contain spaces: utime, stime, cutime and cstime are fields 14 to 17.
  const [, rest = ''] = readFileSync('/proc/self/stat', 'utf8').split(/\) /)
  const ticks = rest.split(' ').slice(11, 15).map(Number)
  return ticks.reduce((sum, count) => sum + count, 0) / TICKS
}
