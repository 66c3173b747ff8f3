import { machineMemory } from '../memory-limit.ts'

/** What the system and other programs keep for themselves. */
const RESERVE = { part: 1 / 8, least: 1.5e9 } as const

/** Whether so many bytes can be had beside the system's own, of `memory` in all. */
export function fits(bytesNeeded: number, memory: number = machineMemory()): boolean {
  return bytesNeeded <= memory - Math.max(memory * RESERVE.part, RESERVE.least)
}
