import { expect, type Page } from '@playwright/test'
import type { Activity } from '../../src/shared/contract/system.ts'
import { ANSWER_MS, answered, openPage, serviceOf, TestServer, test, turns } from './helpers/app.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

async function activityOf(server: TestServer): Promise<Activity | null> {
  for await (const activity of await serviceOf(server).system.activity()) return activity
  return null
}

const chip = (page: Page) => page.getByRole('button', { name: /^Model demo/ })

test('the model is loaded before the first click, which then describes the clip', async ({ page }) => {
  const server = await TestServer.open()
  try {
    expect(await activityOf(server)).toMatchObject({ model: null, loading: false })
    await openPage(page, server)
    await expect.poll(() => activityOf(server), { timeout: ANSWER_MS }).toMatchObject({ model: 'demo', loading: false })
    await page.getByRole('button', { name: 'A blue square spins.' }).click()
    await answered(page, 1)
    await expect(turns(page).first()).toContainText('blue square')
    await chip(page).hover()
    await expect(page.getByRole('tooltip')).toContainText('demo is in memory.')
  } finally {
    await server.close()
  }
})

test('with the setting off nothing is loaded before a question', async ({ page }) => {
  const server = await TestServer.open()
  try {
    await openPage(page, server)
    await expect.poll(() => activityOf(server), { timeout: ANSWER_MS }).toMatchObject({ model: 'demo', loading: false })
    await openSettings(page)
    const setting = page.getByRole('checkbox', { name: 'Load in advance' })
    await expect(setting).toBeChecked()
    await setting.uncheck()
    // No question has used the model, so it leaves the memory.
    await expect.poll(() => activityOf(server), { timeout: ANSWER_MS }).toMatchObject({ model: null })
    await closeSettings(page)

    const asked = page.waitForResponse((response) => response.url().endsWith('/models/loadInAdvance'))
    await openPage(page, server)
    await asked
    await expect(page.getByRole('button', { name: 'A blue square spins.' })).toBeEnabled()
    expect(await activityOf(server)).toMatchObject({ model: null, loading: false })
    await page.getByRole('button', { name: 'A blue square spins.' }).click()
    await answered(page, 1)
    expect(await activityOf(server)).toMatchObject({ model: 'demo' })
  } finally {
    await server.close()
  }
})
