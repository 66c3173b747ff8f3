import { expect, type Page } from '@playwright/test'

/** Sets the number of frames; null restores the model's default. */
export async function setFrames(page: Page, count: number | null): Promise<void> {
  await page.getByRole('tab', { name: 'Settings' }).click()
  const field = page.getByRole('textbox', { name: 'Frames', exact: true })
  await field.fill(count === null ? '' : String(count))
  await field.press('Enter')
  const frames = count ?? 8
  await expect(page.getByText(new RegExp(`^${frames} frames · `))).toBeVisible({ timeout: 30_000 })
  await page.getByRole('tab', { name: 'Frames' }).click()
}
