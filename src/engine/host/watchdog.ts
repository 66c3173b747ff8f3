/**
 * The watchdog of processes that run native code. While a command runs, the process is pinged {@link BEATS} times within the deadline. It is
 * ended, and counted as crashed, when for that long
 * - it answers no ping: its main thread loops, or it was stopped. The longest legitimate work on the main thread is resizing the largest
 *   accepted image, four seconds (docs/decisions/0035-watchdog.md);
 * - a bounded step (`bounded.ts`) runs, such as opening a file or decoding a frame;
 * - a command runs on after a cancel.
 * Model computation has no limit, because a slow machine cannot be distinguished from endless computation.
 */
export const BEATS = 10
const DEFAULT_SECONDS = 30

/** Deadline in milliseconds, from `TARSIER_WATCHDOG_SECONDS`. Defaults to 30 seconds; null (no watchdog) for 0. */
export function deadlineMs(): number | null {
  const text = process.env.TARSIER_WATCHDOG_SECONDS?.trim()
  const seconds = text === undefined || text === '' ? DEFAULT_SECONDS : Number(text)
  if (!Number.isFinite(seconds) || seconds < 0) return DEFAULT_SECONDS * 1000
  return seconds === 0 ? null : seconds * 1000
}
