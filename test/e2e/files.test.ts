import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from '@playwright/test'
import sharp from 'sharp'
import { ANSWER_MS, answered, dropFiles, expectAccessible, openPage, test, turns } from './helpers/app.ts'

test.beforeEach(() => test.slow())

const clip = (name: string) => readFile(fileURLToPath(new URL(`../../resources/examples/${name}`, import.meta.url)))

test('a dropped video is described, whatever its name says', async ({ page, place }, info) => {
  await openPage(page, place)
  await dropFiles(page, [{ name: 'ein Kätzchen 猫.txt', bytes: await clip('red-circle-right-then-grows.mp4') }])
  await answered(page, 1)
  await expect(page.getByRole('heading', { level: 1, name: 'ein Kätzchen 猫.txt' })).toBeVisible()
  await expect(page.getByText(/^Video · /)).toBeVisible()
  await expect(turns(page).first()).toContainText('red circle')
  await page.screenshot({ path: info.outputPath('dropped.png') })
})

test('a picture is an image, without being asked', async ({ page, place }, info) => {
  await openPage(page, place)
  const bytes = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#3060c0' } })
    .png()
    .toBuffer()
  await dropFiles(page, [{ name: 'blue.mp4', bytes }])
  await answered(page, 1)
  await expect(page.getByText(/^Image · 320 × 240/)).toBeVisible()
  await page.screenshot({ path: info.outputPath('image.png') })
})

for (const { what, name, bytes, title } of [
  { what: 'an empty file', name: 'empty.mp4', bytes: Buffer.alloc(0), title: 'The file is empty' },
  { what: 'a text', name: 'text.mp4', bytes: Buffer.from('This is no film.\n'.repeat(50)), title: 'That is no video, image or GIF' },
]) {
  test(`${what} is refused in words, and the next clip is taken`, async ({ page, place }, info) => {
    await openPage(page, place)
    await dropFiles(page, [{ name, bytes }])
    await expect(page.getByRole('alert')).toContainText(title)
    await expectAccessible(page)
    await page.screenshot({ path: info.outputPath('refused.png') })
    await page.getByRole('button', { name: 'A blue square spins.' }).click()
    await answered(page, 1)
    await expect(page.getByRole('alert')).toHaveCount(0)
  })
}

test('several files become a batch, and a broken one harms no other', async ({ page, place }, info) => {
  await openPage(page, place)
  await dropFiles(page, [
    { name: 'one.mp4', bytes: await clip('pink-square-down-then-disappears.mp4') },
    { name: 'two.mp4', bytes: await clip('purple-cross-appears-then-left.mp4') },
    { name: 'broken.mp4', bytes: Buffer.from('no film') },
  ])
  const dialog = page.getByRole('dialog', { name: 'Describe 3 files?' })
  await expect(dialog).toBeVisible()
  await page.screenshot({ path: info.outputPath('batch-asked.png') })
  await dialog.getByRole('textbox', { name: 'Name of the batch' }).fill('Two and a half')
  await dialog.getByRole('button', { name: 'Describe all 3' }).click()
  const left = page.getByRole('dialog', { name: '1 file left out' })
  await expect(left).toContainText('broken.mp4', { timeout: ANSWER_MS })
  await left.getByRole('button', { name: 'Go on with the rest' }).click()
  await expect(page.getByText('2 of 2 clips described')).toBeVisible({ timeout: ANSWER_MS })
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('batch.png') })
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'Table (.csv)' }).click()
  const text = await readFile(await (await download).path(), 'utf8')
  expect(text).toContain('one.mp4')
  expect(text).toContain('two.mp4')
})
