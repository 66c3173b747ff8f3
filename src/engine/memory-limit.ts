import { freemem, totalmem } from 'node:os'

/**
 * Bytes this process can have at all. Systems promise more than that, and kill whoever makes use of it: what cannot fit must
 * not be asked for. Linux alone tells what is free in a way that one can go by.
 */
export function memoryLimit(): number {
  const allowed = process.constrainedMemory()
  const total = allowed > 0 ? Math.min(allowed, totalmem()) : totalmem()
  return process.platform === 'linux' ? Math.min(total, freemem()) : total
}
