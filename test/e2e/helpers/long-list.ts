import type { Locator } from '@playwright/test'

/** The row of a long list at a place, counted from 1 as it is told to screen readers. */
export function rowAt(box: Locator, position: number): Locator {
  return box.locator(`li[aria-posinset="${position}"]`)
}

/** The rows that are laid out. */
export async function rows(box: Locator): Promise<{ position: number; text: string }[]> {
  return await box
    .locator('li')
    .evaluateAll((all) => all.map((row) => ({ position: Number(row.ariaPosInSet), text: row.textContent ?? '' })))
}
