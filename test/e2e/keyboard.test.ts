import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import { choice, writePredictions } from '../helpers/bench-run.ts'
import { composer, navigationButton, openExample, openPage, test, turns } from './helpers/app.ts'

test('a closed dialog gives the focus back, and what was typed in the settings is stored', async ({ page, server }) => {
  await openPage(page, server)
  const settings = page.getByRole('button', { name: 'Settings', exact: true })
  const dialog = page.getByRole('dialog', { name: 'Settings' })
  await settings.click()
  const prompt = dialog.getByRole('textbox', { name: 'System prompt' })
  await prompt.fill('Answer in one sentence.')
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)
  await expect(settings).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(prompt).toHaveValue('Answer in one sentence.')
  const tokens = dialog.getByRole('textbox', { name: 'Answer length' })
  await tokens.fill('64')
  await tokens.press('Enter')
  await tokens.fill('6o')
  await tokens.press('Enter')
  await expect(tokens).toHaveValue('64')
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(settings).toBeFocused()
  await expect(page.getByRole('tooltip')).toHaveCount(0)
  await navigationButton(page, 'Help').focus()
  await page.keyboard.press('?')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(navigationButton(page, 'Help')).toBeFocused()
})

test('keys in menus, fields and an edited question do nothing else', async ({ page, server }) => {
  test.slow()
  await openExample(page, server)
  const mute = page.getByRole('button', { name: 'Mute (M)' })
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  await expect(page.getByRole('menu')).toBeVisible()
  await page.keyboard.press('m')
  await expect(page.getByRole('menu')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('menu')).toHaveCount(0)
  await expect(mute).toBeVisible()

  await turns(page).first().hover()
  await page.getByRole('button', { name: 'Edit the question' }).click()
  const edited = page.getByRole('textbox', { name: 'Edited question' })
  await edited.fill('What turns?')
  const prevented = page.evaluate(
    () => new Promise((resolve) => window.addEventListener('keydown', (event) => resolve(event.defaultPrevented), { once: true })),
  )
  await edited.press('Escape')
  expect(await prevented).toBe(true)
  await expect(edited).toHaveCount(0)

  // As on the page of a server in the network.
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }))
  await page.evaluate(() =>
    document.addEventListener('copy', (event) => (document.title = event.clipboardData?.getData('text/plain') ?? '')),
  )
  const text = (await turns(page).first().locator('.prose').textContent())?.trim() ?? ''
  await page.getByRole('button', { name: 'Copy the answer' }).click()
  await expect(page).toHaveTitle(text)
})

test('the library keeps its date while another view is shown', async ({ page, server }) => {
  await openPage(page, server)
  await navigationButton(page, 'Library').click()
  const date = page.getByRole('combobox', { name: 'Date' })
  await date.selectOption({ label: 'Last week' })
  await navigationButton(page, 'Models').click()
  await navigationButton(page, 'Library').click()
  await expect(date.locator('option:checked')).toHaveText('Last week')
  await expect(composer(page)).toHaveCount(0)
})

test('a comparison of two runs keeps what was searched for', async ({ page, server }) => {
  await rm(join(server.home, 'benchmarks'), { recursive: true, force: true })
  for (const name of ['one', 'two'])
    await writePredictions(join(server.home, 'benchmarks', name), 'mvbench', [choice(1, 'B) it spins'), choice(2, 'A) it grows')])
  await openPage(page, server)
  await navigationButton(page, 'Benchmarks').click()
  await page.getByRole('button', { name: /^one/ }).click()
  const rows = page.getByRole('region', { name: 'Samples', exact: true }).getByRole('listitem')
  await expect(rows).toHaveCount(2)
  await page.getByRole('searchbox').fill('grows')
  await expect(rows).toHaveCount(1)
  await page.getByRole('combobox', { name: 'Compare with another run' }).selectOption({ label: 'Compare with two' })
  await expect(page.getByRole('searchbox')).toHaveValue('grows')
  await expect(rows).toHaveCount(1)
  await expect(rows.first()).toContainText('Equal')
})
