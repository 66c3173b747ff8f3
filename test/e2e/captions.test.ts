import { expect } from '@playwright/test'
import { expectAccessible, openExample, test, turns } from './helpers/app.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'

test('gives answers a shape, with a prefix, beside the model’s own text', async ({ page, server }, info) => {
  test.slow()
  await openExample(page, server)
  await openSettings(page)
  const sheet = page.getByRole('dialog', { name: 'Settings' })
  await sheet.getByRole('combobox', { name: 'Caption shape' }).selectOption('One sentence')
  const prefix = sheet.getByRole('textbox', { name: 'Text before each caption' })
  await prefix.fill('sks style,')
  await prefix.blur()
  await sheet
    .getByLabel('Rules from a file')
    .setInputFiles({ name: 'rules.json', mimeType: 'application/json', buffer: Buffer.from('{"maxWord":3}') })
  await expect(sheet.getByRole('alert')).toContainText('rules.json')
  await expectAccessible(page)
  await closeSettings(page)
  // The text is there already, so no model is needed.
  await page.getByRole('button', { name: 'Shape as one-sentence' }).click()
  const caption = page.getByRole('region', { name: 'Caption in the shape one-sentence' })
  await expect(caption).toContainText(/sks style, A .*\./)
  await expect(page.getByRole('button', { name: 'Shape as one-sentence' })).toHaveCount(0)
  await expect(turns(page).first()).toContainText('The background is')
  await expect(caption).not.toContainText('The background is')
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('caption.png') })

  await openSettings(page)
  const rules = JSON.stringify({ name: 'my-set', bannedOpenings: ['a|an'], prefix: 'ohwx' })
  await sheet
    .getByLabel('Rules from a file')
    .setInputFiles({ name: 'rules.json', mimeType: 'application/json', buffer: Buffer.from(rules) })
  await expect(sheet.getByRole('combobox', { name: 'Caption shape' })).toHaveValue('file')
  await expect(prefix).toHaveValue('ohwx')
  await sheet.getByRole('button', { name: 'Reset caption shape' }).click()
  await expect(prefix).toHaveCount(0)
})
