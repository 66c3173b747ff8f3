import { freemem, totalmem } from 'node:os'

/** Bytes of memory this machine, or the container we are in, has. */
export function machineMemory(): number {
  const allowed = process.constrainedMemory()
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
}

/**
 * Bytes this process can have at all. Systems promise more than that, and kill whoever makes use of it: what cannot fit must
 * not be asked for. Linux alone tells what is free in a way that one can go by.
 */
export function memoryLimit(): number {
  const total = machineMemory()
  return process.platform === 'linux' ? Math.min(total, freemem()) : total
}
