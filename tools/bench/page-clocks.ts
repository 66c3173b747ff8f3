/// <reference lib="dom" />

/**
 * What runs inside the page, as its source alone: nothing here may refer to anything outside its own function, nor give a name to a function
 * within it (the loader of our sources would wrap that in a helper which the page does not have).
 */

/** Milliseconds from the next click to the picture that showed the answer's first words, and to the one that showed all of it. */
export interface AnswerTimes {
  readonly first: number
  readonly whole: number
}

/** To be begun before the click. A time is that of the frame after the one in which something was found: by then it is on the screen. */
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
  for (const begun = performance.now(); performance.now() - begun < 300_000; ) {
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

/** Milliseconds between the page's animation frames, until it is told of the event `measured`. */
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
