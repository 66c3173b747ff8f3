import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from '@playwright/test'
import { ANSWER_MS, answered, expectAccessible, openExample, testWithHome, turns } from './helpers/app.ts'

const demo = fileURLToPath(new URL('../../resources/models/demo', import.meta.url))
const test = testWithHome((home) => cpSync(demo, join(home, 'models', 'second'), { recursive: true }))

test('another model answers the same question about the same frames, and both answers are kept side by side', async ({
  page,
  server,
  pageErrors,
}) => {
  await openExample(page, server)
  await answered(page, 1)
  await page.getByRole('button', { name: 'Compare answers' }).click()
  await page.getByRole('menuitem', { name: 'second', exact: true }).click()
  const dialog = page.getByRole('dialog')
  const first = dialog.getByRole('article', { name: 'Answer 1: demo' })
  const second = dialog.getByRole('article', { name: 'Answer 2: second' })
  await expect(second).toContainText(/first word after .* in all/, { timeout: ANSWER_MS })
  // The second model is a copy of the first.
  const said = (await first.locator('.prose').textContent()) ?? ''
  await expect(second.locator('.prose')).toHaveText(said)
  const frames = /\d+ frames of \d+ × \d+/
  const [used = 'no frames'] = (await first.textContent())?.match(frames) ?? []
  await expect(second).toContainText(used)
  await expectAccessible(page)
  const top = async () => [(await first.boundingBox())?.y, (await second.boundingBox())?.y]
  const [left = 0, right = 0] = await top()
  expect(right).toBe(left)
  await page.setViewportSize({ width: 800, height: 700 })
  const [above = 0, below = 0] = await top()
  expect(below).toBeGreaterThan(above)
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)

  await page.reload()
  await expect(turns(page)).toHaveCount(1)
  await page.getByRole('button', { name: 'Compare answers' }).click()
  await page.getByRole('menuitem', { name: 'Show 2 answers side by side' }).click()
  await expect(second.locator('.prose')).toHaveText(said)
  expect(pageErrors).toEqual([])
})
