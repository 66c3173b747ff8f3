import { totalmem } from 'node:os'

/** What the system and other programs keep for themselves. */
const RESERVE = { part: 1 / 8, least: 1.5e9 } as const

/** Bytes of memory this machine, or the container we are in, has. */
export function machineMemory(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}

/** Whether so many bytes can be had beside the system's own, of `memory` in all. */
export function fits(bytesNeeded: number, memory: number = machineMemory()): boolean {
  return bytesNeeded <= memory - Math.max(memory * RESERVE.part, RESERVE.least)
}
