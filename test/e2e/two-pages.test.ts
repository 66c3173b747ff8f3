import { expect, type Page } from '@playwright/test'
import { ANSWER_MS, answered, composer, openExample, test, turns } from './helpers/app.ts'
import { setFrames } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

/** Opens the address of a page in a second one of the same browser. */
async function secondPage(page: Page): Promise<Page> {
  const other = await page.context().newPage()
  await other.goto(page.url())
  return other
}

const running = (page: Page) => page.getByRole('article', { name: 'Answer being generated' })
const stop = (page: Page) => page.getByRole('button', { name: 'Stop (Esc)' })

test('a page deletes nothing that another page has added and it has not shown', async ({ page, server }) => {
  await openExample(page, server)
  const other = await secondPage(page)
  await answered(other, 1)
  await composer(page).fill('What color is it?')
  await composer(page).press('Enter')
  await answered(page, 2)

  await turns(other).first().getByRole('button', { name: 'Edit the question' }).click()
  const editor = other.getByRole('textbox', { name: 'Edited question' })
  await editor.fill('What spins?')
  await editor.press('Enter')
  await expect(other.getByRole('alert')).toContainText('The conversation has changed')
  await expect(turns(other)).toHaveCount(2)
  await expect(editor).toHaveValue('What spins?')
  await expect(other.getByText('Later questions and answers are deleted.')).toBeVisible()
  await other.getByRole('button', { name: 'Cancel' }).click()

  await composer(page).fill('Does it move?')
  await composer(page).press('Enter')
  await answered(page, 3)
  // A page that gets the focus shows what was added meanwhile.
  await other.evaluate(() => window.dispatchEvent(new Event('focus')))
  await expect(turns(other)).toHaveCount(3)
  await other.getByRole('button', { name: 'Start this conversation over' }).click()
  await expect(other.getByRole('dialog')).toContainText('3 questions')
})

test('a page puts a question back that it cannot ask, and joins and leaves the answer of another page, which goes on', async ({
  page,
  server,
}) => {
  await openExample(page, server)
  const other = await secondPage(page)
  await answered(other, 1)
  await setFrames(page, 61)
  await composer(page).fill('Describe it once more.')
  await composer(page).press('Enter')
  await expect(running(page)).toContainText('Describe it once more.')
  await composer(other).fill('What color is it?')
  await composer(other).press('Enter')
  await expect(running(other)).toContainText('Describe it once more.')
  await expect(composer(other)).toHaveValue('What color is it?')
  await other.getByRole('button', { name: 'New conversation about this clip' }).click()
  await expect(stop(other)).toHaveCount(0)
  await answered(page, 2)
  await expect(turns(page).nth(1)).not.toContainText('Stopped.')
  await expect(turns(page).nth(1).getByRole('button', { name: 'Copy the answer' })).toBeVisible({ timeout: ANSWER_MS })
  await setFrames(page, null)
})
