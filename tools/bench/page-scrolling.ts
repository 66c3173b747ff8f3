import type { Browser, Locator, Page } from '@playwright/test'
import { Tarsier } from '../../test/e2e/helpers/tarsier.ts'
import { stopFrames, timeFrames } from './page-clocks.ts'
import { fillLibrary } from './page-library.ts'

const ENTRIES = 10_000
const TURNS = 1000
/** Pixels per scroll of the mouse wheel: a fast user. */
const STEP = 1000
/** Number of scrolls between two checks for the end, since a check costs page time. */
const BETWEEN_LOOKS = 20
const MAX_STEPS = 10_000

export interface Scroll {
  readonly what: string
  /** Milliseconds between the page's animation frames. */
  readonly between: readonly number[]
  readonly steps: number
}

/** Scrolls a long library from its beginning to its end, and a long conversation from its end, where it opens, to its beginning. */
export async function timeScrolling(browser: Browser, home: string): Promise<Scroll[]> {
  await fillLibrary(home, { entries: ENTRIES, turns: TURNS })
  const tarsier = await Tarsier.start(home)
  try {
    const page = await browser.newPage()
    try {
      await page.goto(tarsier.address)
      await page.getByRole('navigation').getByRole('button', { name: 'Library' }).click()
      const entries = page.getByRole('region', { name: 'Conversations' })
      const library = await scroll(page, entries, STEP, rowOf(entries, ENTRIES))
      await entries.evaluate((box) => box.scrollTo({ top: 0 }))
      // Newest first.
      await rowOf(entries, 1).getByRole('button').click()
      const messages = page.getByRole('region', { name: 'Messages' })
      await rowOf(messages, TURNS).waitFor()
      await rowOf(messages, 1).waitFor({ state: 'detached' })
      const chat = await scroll(page, messages, -STEP, rowOf(messages, 1))
      return [
        { what: `a library of ${ENTRIES.toLocaleString('en')} entries`, ...library },
        { what: `a conversation of ${TURNS.toLocaleString('en')} questions and answers`, ...chat },
      ]
    } finally {
      await page.close()
    }
  } finally {
    await tarsier.stop()
  }
}

const rowOf = (list: Locator, number: number) => list.locator(`[aria-posinset="${number}"]`)

async function scroll(page: Page, list: Locator, step: number, end: Locator): Promise<Omit<Scroll, 'what'>> {
  await list.hover()
  const [between, steps] = await Promise.all([page.evaluate(timeFrames), turnWheel(page, step, end)])
  return { between, steps }
}

/** Scrolls until the end is reached; returns the number of scrolls. */
async function turnWheel(page: Page, step: number, end: Locator): Promise<number> {
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    if (steps % BETWEEN_LOOKS === 0 && (await end.isVisible())) {
      await page.evaluate(stopFrames)
      return steps
    }
    await page.mouse.wheel(0, step)
  }
  throw new Error(`the end of the list was not reached in ${MAX_STEPS} turns of the wheel`)
}
