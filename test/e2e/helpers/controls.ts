import { expect, type Page } from '@playwright/test'

/** Shows a tab beside the clip. */
export async function showTab(page: Page, name: 'Conversation' | 'Events' | 'Frames' | 'Check'): Promise<void> {
  await page.getByRole('tab', { name }).click()
}

export async function openSettings(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings', exact: true }).click()
}

export async function closeSettings(page: Page): Promise<void> {
  const sheet = page.getByRole('dialog', { name: 'Settings' })
  await sheet.getByRole('button', { name: 'Close' }).click()
  await expect(sheet).toHaveCount(0)
}

/** Sets the number of frames; null restores the model's default. */
export async function setFrames(page: Page, count: number | null): Promise<void> {
  await openSettings(page)
  const field = page.getByRole('textbox', { name: 'Frames', exact: true })
  await field.fill(count === null ? '' : String(count))
  await field.press('Enter')
  await closeSettings(page)
  const frames = count ?? 8
  await expect(page.getByText(new RegExp(`^${frames} frames · `))).toBeVisible({ timeout: 30_000 })
}
