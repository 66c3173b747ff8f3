/// <reference lib="dom" />

/**
 * Functions that run inside the page and are passed as source text: they must not refer to anything outside their own body, or contain named
 * functions (the TypeScript loader would wrap those in a helper that the page does not have).
 */

/** Milliseconds from the next click to the frame that showed the answer's first words, and to the frame that showed all of it. */
export interface AnswerTimes {
  readonly first: number
  readonly whole: number
}

/** Must be started before the click. A time is that of the frame after the one in which a change was detected, when it is on screen. */
export async function timeAnswer(): Promise<AnswerTimes> {
  let click = Number.NaN
  let first: number | null = null
  addEventListener(
    'click',
    ({ timeStamp }) => {
      click = timeStamp
    },
    { capture: true, once: true },
  )
  for (const started = performance.now(); performance.now() - started < 300_000; ) {
    await new Promise(requestAnimationFrame)
    const words = document.querySelector('article .prose')?.textContent
    const busy = document.querySelector('article[aria-busy="true"]') !== null
    if (Number.isNaN(click) || !words) continue
    const drawn = await new Promise<number>(requestAnimationFrame)
    first ??= drawn - click
    if (!busy) return { first, whole: drawn - click }
  }
  throw new Error(`no answer came; the page says: ${document.body.textContent}`)
}

/** Returns the milliseconds between the page's animation frames until the event `measured`. */
export async function timeFrames(): Promise<number[]> {
  let over = false
  addEventListener(
    'measured',
    () => {
      over = true
    },
    { once: true },
  )
  const between: number[] = []
  for (let last = await new Promise<number>(requestAnimationFrame); !over; ) {
    const now = await new Promise<number>(requestAnimationFrame)
    between.push(now - last)
    last = now
  }
  return between
}

export function stopFrames(): void {
  dispatchEvent(new Event('measured'))
}
