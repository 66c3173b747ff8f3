import { ownMemory } from '../../src/platform/memory-limit.ts'

const EVERY_MS = 50

/**
 * Watches what this process has of its own ({@link ownMemory}), and tells the most it was until asked. Pages of mapped files are not in it: the
 * system may have them back, and counts them as free.
 */
export function watchMemory(): () => number {
  let most = ownMemory()
  const look = () => (most = Math.max(most, ownMemory()))
  const timer = setInterval(look, EVERY_MS)
  timer.unref()
  return look
}
