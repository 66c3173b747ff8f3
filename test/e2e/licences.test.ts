import { expect, type Page } from '@playwright/test'
import { expectAccessible, navigationButton, openPage, test } from './helpers/app.ts'

const entries = (page: Page) => page.getByRole('region', { name: 'Licences' }).getByRole('listitem')
const search = (page: Page) => page.getByRole('searchbox', { name: 'Search names and licences' })

for (const colorScheme of ['light', 'dark'] as const) {
  test(`licences are listed, searched and read (${colorScheme})`, async ({ page, server, pageErrors }) => {
    await page.emulateMedia({ colorScheme })
    await openPage(page, server)
    await navigationButton(page, 'Help').click()
    await page.getByRole('tab', { name: 'Licences' }).click()
    await expect(page.getByRole('status')).toHaveText(/^\d{3}$/)
    await expect(entries(page).first()).toBeVisible()
    // Only what is visible is rendered.
    expect(await entries(page).count()).toBeLessThan(60)
    await expectAccessible(page)

    // The end of the list is reached by keyboard.
    await entries(page).first().getByRole('button').focus()
    await page.keyboard.press('End')
    await expect(entries(page).last()).toContainText('zwitch')

    await search(page).fill('node-av GPL')
    await expect(page.getByRole('status')).toHaveText(/^\d+ of \d{3}$/)
    await entries(page).getByRole('button', { name: 'FFmpeg in node-av' }).click()
    const dialog = page.getByRole('dialog', { name: 'FFmpeg in node-av' })
    await expect(dialog).toContainText('libfdk-aac is considered incompatible')
    await expect(dialog).toContainText('GNU GENERAL PUBLIC LICENSE')
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await expect(dialog).toHaveCount(0)

    // A package with a text of its own.
    await search(page).fill('react-dom')
    await entries(page)
      .getByRole('button', { name: /^react-dom/ })
      .click()
    await expect(page.getByRole('dialog')).toContainText('Meta Platforms')
    await page.getByRole('button', { name: 'Close' }).click()

    await search(page).fill('no such thing')
    await expect(page.getByText('Nothing matches.')).toBeVisible()
    expect(pageErrors).toEqual([])
  })
}
