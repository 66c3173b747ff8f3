import type { Locator } from '@playwright/test'

/** The row of a long list at a position, counted from 1 as screen readers announce it. */
export function rowAt(box: Locator, position: number): Locator {
  return box.locator(`li[aria-posinset="${position}"]`)
}

/** The rendered rows. */
export async function rows(box: Locator): Promise<{ position: number; text: string }[]> {
  return await box
    .locator('li')
    .evaluateAll((all) => all.map((row) => ({ position: Number(row.ariaPosInSet), text: row.textContent ?? '' })))
}
