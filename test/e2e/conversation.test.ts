import { expect } from '@playwright/test'
import { ANSWER_MS, answered, composer, openExample, test, turns } from './helpers/app.ts'
import { setFrames } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

test('one click opens an example and describes it, with frames and cost', async ({ page, server, pageErrors }, info) => {
  await openExample(page, server)
  await expect(turns(page).first()).toContainText('blue square')
  await expect(page.locator('[data-frame]')).toHaveCount(8)
  await expect(page.getByText(/^8 frames · [\d,]+ of 4,096 tokens/)).toBeVisible()
  await page.screenshot({ path: info.outputPath('description.png') })
  await page.getByRole('button', { name: 'Details' }).click()
  await expect(page.getByText('Vision device')).toBeVisible()
  expect(pageErrors).toEqual([])
})

test('asks a follow-up, regenerates, edits, and clears the conversation', async ({ page, server }, info) => {
  await openExample(page, server)
  await composer(page).fill('What colour is the square?')
  await composer(page).press('Enter')
  await answered(page, 2)
  await expect(turns(page).nth(1)).toContainText('What colour is the square?')
  await page.screenshot({ path: info.outputPath('follow-up.png') })

  await page.getByRole('button', { name: 'Regenerate the answer' }).click()
  await answered(page, 2)
  await expect(turns(page).nth(1)).toContainText('What colour is the square?')

  // Below an earlier question the other answers are shown, and the conversation goes on from the present one.
  await composer(page).fill('Does it move?')
  await composer(page).press('Enter')
  await answered(page, 3)
  await turns(page).nth(1).getByRole('button', { name: 'Earlier answer' }).click()
  await expect(turns(page).nth(1).getByRole('status', { name: 'Answer 1 of 2' })).toBeVisible()
  await expect(turns(page).nth(1)).toContainText('Later questions refer to answer 2.')
  await turns(page).nth(1).getByRole('button', { name: 'Later answer' }).click()
  await expect(turns(page).nth(1)).not.toContainText('Later questions')

  await turns(page).first().getByRole('button', { name: 'Edit the question' }).click()
  await page.getByRole('textbox', { name: 'Edited question' }).fill('What happens here?')
  await page.getByRole('button', { name: 'Ask again' }).click()
  await answered(page, 1)
  await expect(turns(page).first()).toContainText('What happens here?')

  await page.getByRole('button', { name: 'Start this conversation over' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Start over' }).click()
  await expect(page.getByRole('button', { name: 'Describe it' })).toBeVisible()
  await page.screenshot({ path: info.outputPath('over-again.png') })
})

test('a stopped answer is marked and keeps its text', async ({ page, server }, info) => {
  await openExample(page, server)
  await setFrames(page, 62)
  await composer(page).fill('Describe it once more.')
  await composer(page).press('Enter')
  await page.getByRole('button', { name: 'Stop (Esc)' }).click()
  await answered(page, 2)
  await expect(turns(page).nth(1)).toContainText('Stopped.')
  await page.screenshot({ path: info.outputPath('stopped.png') })
  await setFrames(page, null)
  await composer(page).fill('And now?')
  await composer(page).press('Enter')
  await answered(page, 3)
  await expect(turns(page).nth(2).getByRole('button', { name: 'Copy the answer' })).toBeVisible({ timeout: ANSWER_MS })
})
