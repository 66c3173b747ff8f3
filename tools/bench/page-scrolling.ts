import type { Locator, Page } from '@playwright/test'
import { type Motion, timeMotion } from './page-motion.ts'

/** Pixels per scroll of the mouse wheel: a fast user. */
const STEP = 1000
/** Number of scrolls between two checks for the end, since a check costs page time. */
const BETWEEN_LOOKS = 20
const MAX_STEPS = 10_000

/** Scrolls a long library from its beginning to its end, and the long conversation from its end, where it opens, to its beginning. */
export async function scrollLists(page: Page, { entries, turns }: { readonly entries: number; readonly turns: number }): Promise<Motion[]> {
  const list = page.getByRole('region', { name: 'Conversations' })
  await rowOf(list, 1).waitFor()
  const library = await scroll(page, `a library of ${entries.toLocaleString('en')} entries`, list, STEP, rowOf(list, entries))
  await list.evaluate((box) => box.scrollTo({ top: 0 }))
  await list.getByText(`clip ${entries}.mp4`).first().click()
  const messages = page.getByRole('region', { name: 'Messages' })
  await rowOf(messages, turns).waitFor()
  await rowOf(messages, 1).waitFor({ state: 'detached' })
  const what = `a conversation of ${turns.toLocaleString('en')} questions and answers`
  return [library, await scroll(page, what, messages, -STEP, rowOf(messages, 1))]
}

const rowOf = (list: Locator, number: number) => list.locator(`[aria-posinset="${number}"]`)

async function scroll(page: Page, what: string, list: Locator, step: number, end: Locator): Promise<Motion> {
  await list.hover()
  return await timeMotion(page, `scrolling through ${what}`, () => turnWheel(page, step, end))
}

/** Scrolls until the end is reached; returns the number of scrolls. */
async function turnWheel(page: Page, step: number, end: Locator): Promise<number> {
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    if (steps % BETWEEN_LOOKS === 0 && (await end.isVisible())) return steps
    await page.mouse.wheel(0, step)
  }
  throw new Error(`the end of the list was not reached in ${MAX_STEPS} turns of the wheel`)
}
