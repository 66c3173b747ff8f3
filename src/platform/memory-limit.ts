import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'

/** Returns the memory of this machine or container, in bytes. */
export function machineMemory(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}

/**
 * Returns the memory that this process can use, in bytes. Systems overcommit memory and kill processes that use too much, so larger allocations
 * must be avoided. Only Linux reports available memory reliably: mapped and cached files count as free, because their memory is reclaimed on
 * demand. Other systems return the total.
 */
export function memoryLimit(): number {
  const total = machineMemory()
  if (process.platform !== 'linux') return total
  return Math.max(0, Math.min(freemem(), total < totalmem() ? total - groupMemory() : total))
}

/**
 * Returns the own unreclaimable memory of a process in bytes, which {@link memoryLimit} does not count as free. Returns 0 on systems where it
 * counts all memory, and for a process that has ended.
 * @param pid defaults to this process
 */
export function ownMemory(pid: number | 'self' = 'self'): number {
  const kilobytes = process.platform === 'linux' ? numberIn(`/proc/${pid}/status`, /^RssAnon:\s+(\d+) kB$/m) : null
  return (kilobytes ?? 0) * 1024
}

/** Returns the unreclaimable memory of this control group, such as a container's, in bytes. */
function groupMemory(): number {
  const groups = [...read('/proc/self/cgroup').matchAll(/^\d+:(memory)?:(\/.*)$/gm)]
  for (const [, controller = '', path] of groups) {
    // In a container, its own group is mounted as the root, although the reported path may differ.
    for (const folder of [path, '']) {
      const used = numberIn(`/sys/fs/cgroup/${controller}${folder}/memory.stat`, /^(?:anon|total_rss) (\d+)$/m)
      if (used !== null) return used
    }
  }
  return 0
}

function numberIn(file: string, pattern: RegExp): number | null {
  const [, digits] = pattern.exec(read(file)) ?? []
  return digits === undefined ? null : Number(digits)
}

/** Reads a system file; returns an empty string if it does not exist or cannot be read. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
