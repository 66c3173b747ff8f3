import { readFileSync } from 'node:fs'
import { runningProcesses } from '../../test/helpers/child-processes.ts'

const EVERY_MS = 500

/** Memory of a process and of all those it started, in bytes. */
export interface ProcessMemory {
  /** Pages in memory; those that several processes share count once. */
  readonly proportional: number
  /** The same without pages of mapped files, which the system can read again. */
  readonly own: number
}

export interface PeakMemory extends ProcessMemory {
  /** Each process's own highest resident memory, as the system remembers it (`VmHWM`), of all of them together. */
  readonly resident: number
}

/**
 * Watches a process with its descendants until the returned function is called, which returns the highest figure of each kind. Linux only. Reading them
 * takes some milliseconds a gigabyte.
 */
export function watchProcesses(root: number): () => PeakMemory {
  const resident = new Map<number, number>()
  let [proportional, own] = [0, 0]
  const look = () => {
    const now = familyOf(root).map((pid) => {
      const text = read(pid, 'smaps_rollup')
      resident.set(pid, Math.max(resident.get(pid) ?? 0, kilobytes(read(pid, 'status'), 'VmHWM')))
      return { proportional: kilobytes(text, 'Pss'), own: kilobytes(text, 'Pss_Anon') + kilobytes(text, 'Pss_Shmem') }
    })
    proportional = Math.max(proportional, sum(now.map((memory) => memory.proportional)))
    own = Math.max(own, sum(now.map((memory) => memory.own)))
  }
  const timer = setInterval(look, EVERY_MS)
  return () => {
    clearInterval(timer)
    return { proportional, own, resident: sum([...resident.values()]) }
  }
}

function familyOf(root: number): number[] {
  const all = runningProcesses()
  const family = [root]
  for (const pid of family) family.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid))
  return family
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}

function kilobytes(text: string, key: string): number {
  return 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
