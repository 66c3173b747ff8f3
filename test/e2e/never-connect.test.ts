import { expect } from '@playwright/test'
import { ANSWER_MS, test as base, expectAccessible, navigationButton, openExample, TestServer } from './helpers/app.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'

const test = base.extend({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
    async ({}, use) => {
      const server = await TestServer.open({
        env: { HF_ENDPOINT: 'https://hub.invalid', HF_HOME: '/nowhere', HF_TOKEN: '', HF_HUB_OFFLINE: '' },
      })
      await use(server)
      await server.close()
    },
    { scope: 'worker', timeout: ANSWER_MS },
  ],
})

test('connections are switched off in the settings, shown where downloads are offered, and allowed again', async ({
  page,
  server,
  pageErrors,
}) => {
  await openExample(page, server)
  const box = page.getByRole('checkbox', { name: 'Never connect' })
  await openSettings(page)
  await expect(box).not.toBeChecked()
  await box.click()
  await expect(box).toBeChecked()
  await closeSettings(page)

  await navigationButton(page, 'Models').click()
  const notice = page.getByText('“Never connect” is on')
  await expect(notice).toBeVisible()
  await page.getByRole('region', { name: 'Available for download' }).getByRole('button', { name: 'Download' }).first().click()
  const refused = page.getByRole('alert')
  await expect(refused).toContainText('Connections are switched off')
  await expect(refused).toContainText('hub.invalid is not contacted, because "Never connect" is on.')
  await expectAccessible(page)

  await navigationButton(page, 'Help').click()
  await page.getByRole('tab', { name: 'Connections' }).click()
  await expect(box).toBeChecked()
  await box.click()
  await expect(box).not.toBeChecked()
  await navigationButton(page, 'Models').click()
  await expect(notice).toHaveCount(0)
  expect(pageErrors).toEqual([])
})
