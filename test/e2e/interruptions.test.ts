import { expect } from '@playwright/test'
import { ANSWER_MS, answered, composer, expectAccessible, navigationButton, openExample, test, turns } from './helpers/app.ts'
import { setFrames } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

test('restarts an engine that is killed during an answer', async ({ page, server }, info) => {
  await openExample(page, server)
  await setFrames(page, 91)
  await composer(page).fill('Describe it from the beginning.')
  await composer(page).press('Enter')
  await expect(page.getByText(/^Encoding /).first()).toBeVisible({ timeout: ANSWER_MS })
  server.tarsier.killEngine()
  await expect(page.getByRole('alert')).toContainText('The engine crashed and was restarted', { timeout: ANSWER_MS })
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('killed.png') })
  await expect(turns(page).first()).toContainText('blue square')
  await setFrames(page, null)
  await page.getByRole('button', { name: 'Try again' }).click()
  await answered(page, 2)
  await expect(page.getByRole('alert')).toHaveCount(0)
  await expect(turns(page).nth(1).getByRole('button', { name: 'Copy the answer' })).toBeVisible()
  await page.screenshot({ path: info.outputPath('recovered.png') })
})

test('closing the tab during an answer stops it, and the conversation is stored', async ({ page, server, context }) => {
  await openExample(page, server)
  await setFrames(page, 92)
  await composer(page).fill('Describe the okapi.')
  await composer(page).press('Enter')
  await expect(
    turns(page)
      .or(page.getByRole('article', { name: 'Answer being generated' }))
      .last(),
  ).toContainText('Describe the okapi.')
  await page.close()
  const again = await context.newPage()
  await again.goto(server.tarsier.address)
  await navigationButton(again, 'Library').click()
  await again.getByRole('searchbox').fill('okapi')
  await again.locator('mark').first().click()
  await expect(turns(again)).toHaveCount(2)
  await expect(turns(again).nth(1)).toContainText('Stopped.', { timeout: ANSWER_MS })
  await setFrames(again, null)
})
