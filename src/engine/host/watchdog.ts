/**
 * The watchdog of the processes that run native code. While one has something to do it is asked for a sign of life {@link BEATS} times within the
 * deadline, and it is ended, and counted as crashed, when
 * - it gives none for that long: its main thread is in an endless loop, or it was stopped. What keeps that thread busy for longest
 *   is the largest picture that is taken, for four seconds (docs/decisions/0035-watchdog.md);
 * - a bounded step (`bounded.ts`), such as opening a file or decoding a frame, lasts for that long;
 * - it goes on for that long with what it was asked to stop.
 * Models may compute as long as they like: nothing tells a slow machine from one that never comes to an end.
 */
export const BEATS = 10
const DEFAULT_SECONDS = 30

/** In milliseconds, from `TARSIER_WATCHDOG_SECONDS`; 30 seconds unless it says otherwise, null (no watchdog) for 0. */
export function deadlineMs(): number | null {
  const text = process.env.TARSIER_WATCHDOG_SECONDS?.trim()
  const seconds = text === undefined || text === '' ? DEFAULT_SECONDS : Number(text)
  if (!Number.isFinite(seconds) || seconds < 0) return DEFAULT_SECONDS * 1000
  return seconds === 0 ? null : seconds * 1000
}
