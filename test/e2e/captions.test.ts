import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import { ANSWER_MS, expectAccessible, openExample, testWithHome, turns } from './helpers/app.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'

const test = testWithHome((home) => {
  mkdirSync(join(home, 'text-models'))
  copyFileSync('resources/models/demo/language.gguf', join(home, 'text-models', 'small.gguf'))
})

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

test('rewrites an answer as fields and shows both texts, with the support of each part', async ({ page, server }, info) => {
  test.slow()
  await openExample(page, server)
  await openSettings(page)
  const sheet = page.getByRole('dialog', { name: 'Settings' })
  const texts = { subject: 'a blue square spins', setting: 'a green forest', style: '' }
  const properties = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { enum: [text] }]))
  const schema = { type: 'object', properties, required: Object.keys(properties) }
  const shape = { name: 'my-fields', rewrite: { kind: 'fields', model: 'small', schema } }
  await sheet
    .getByLabel('Rules from a file')
    .setInputFiles({ name: 'fields.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(shape)) })
  // Fields have no text before them.
  await expect(sheet.getByRole('combobox', { name: 'Caption shape' })).toHaveValue('file')
  await expect(sheet.getByRole('textbox', { name: 'Text before each caption' })).toHaveCount(0)
  await closeSettings(page)
  await page.getByRole('button', { name: 'Shape as my-fields' }).click()
  const caption = page.getByRole('region', { name: 'Caption in the shape my-fields' })
  await expect(caption.getByRole('term')).toHaveText(['subject', 'setting', 'style'], { timeout: ANSWER_MS })
  const [subject, setting, style] = await caption.getByRole('definition').all()
  await expect(subject ?? caption).toHaveText(/^a blue square spins (0\.\d\d|1\.00)$/)
  await expect(setting ?? caption).toHaveText(/^a green forest 0\.0\d$/)
  await expect(style ?? caption).toHaveText('not told')
  await expect(caption).toContainText('Rewritten by small.gguf')
  await expect(caption).toContainText('The clip contradicts parts of the rewritten caption: “a green forest”.')
  const first = turns(page).first()
  await expect(first).not.toContainText('The background is')
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('fields-light.png') })
  await page.emulateMedia({ colorScheme: 'dark' })
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('fields-dark.png') })
  await page.emulateMedia({ colorScheme: 'light' })

  await caption.getByRole('button', { name: 'Model’s own text' }).click()
  await expect(caption).toContainText('The background is')
  await expect(caption.getByRole('term')).toHaveCount(0)
  await caption.getByRole('button', { name: 'Rewritten' }).click()
  // The library has both.
  await page.reload()
  await expect(caption.getByRole('term')).toHaveText(['subject', 'setting', 'style'])

  await openSettings(page)
  const shorter = { name: 'brief', prefix: 'sks,', rewrite: { kind: 'shorter', model: 'small', words: 5 } }
  await sheet
    .getByLabel('Rules from a file')
    .setInputFiles({ name: 'brief.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(shorter)) })
  await closeSettings(page)
  await page.getByRole('button', { name: 'Shape as brief' }).click()
  const brief = page.getByRole('region', { name: 'Caption in the shape brief' })
  await expect(brief).toContainText(/sks, .*[01]\.\d\d/, { timeout: ANSWER_MS })
  await page.screenshot({ path: info.outputPath('brief.png') })
})
