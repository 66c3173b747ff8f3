import { ownMemory } from '../../src/platform/memory-limit.ts'

const EVERY_MS = 50

/**
 * Monitors this process's own memory ({@link ownMemory}); the returned function returns the peak so far. Pages of mapped files are not included:
 * the system can reclaim them, and counts them as free.
 */
export function watchMemory(): () => number {
  let most = ownMemory()
  const update = () => (most = Math.max(most, ownMemory()))
  const timer = setInterval(update, EVERY_MS)
  timer.unref()
  return update
}
