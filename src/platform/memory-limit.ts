import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'

/** Bytes of memory this machine, or the container we are in, has. */
export function machineMemory(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}

/**
 * Bytes this process can have at all. Systems promise more than that, and kill whoever makes use of it: what cannot fit must
 * not be asked for. Linux alone tells what is free in a way that one can go by: what files that are mapped or were read take counts as
 * free, for it is given up when somebody needs it.
 */
export function memoryLimit(): number {
  const total = machineMemory()
  if (process.platform !== 'linux') return total
  return Math.max(0, Math.min(freemem(), total < totalmem() ? total - groupMemory() : total))
}

/** Bytes that this process has of its own and cannot give back, which {@link memoryLimit} does not count as free. 0 where that counts all. */
export function ownMemory(): number {
  const kilobytes = process.platform === 'linux' ? numberIn('/proc/self/status', /^RssAnon:\s+(\d+) kB$/m) : null
  return (kilobytes ?? 0) * 1024
}

/** Bytes that the programs of our control group, a container's for instance, cannot give back. */
function groupMemory(): number {
  const groups = [...read('/proc/self/cgroup').matchAll(/^\d+:(memory)?:(\/.*)$/gm)]
  for (const [, controller = '', path] of groups) {
    // A container sees its own group as the root, though it may be told another path.
    for (const folder of [path, '']) {
      const held = numberIn(`/sys/fs/cgroup/${controller}${folder}/memory.stat`, /^(?:anon|total_rss) (\d+)$/m)
      if (held !== null) return held
    }
  }
  return 0
}

function numberIn(file: string, pattern: RegExp): number | null {
  const [, digits] = pattern.exec(read(file)) ?? []
  return digits === undefined ? null : Number(digits)
}

/** A file of the system's own; empty where there is none, or it is not for us. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
