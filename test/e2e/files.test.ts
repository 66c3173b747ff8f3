import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import sharp from 'sharp'
import { writeClip } from '../helpers/make-clip.ts'
import { waveBytes } from '../helpers/wave.ts'
import { ANSWER_MS, answered, dropFiles, expectAccessible, forgetExample, openPage, test, turns } from './helpers/app.ts'
import { anotherCopy, exampleBytes } from './helpers/clips.ts'

test.beforeEach(() => test.slow())

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#3060c0' } })
    .png()
    .toBuffer()

test('describes a dropped video whatever its name', async ({ page, server }, info) => {
  await openPage(page, server)
  await dropFiles(page, [{ name: 'ein Kätzchen 猫.txt', bytes: await exampleBytes('red-circle-right-then-grows.mp4') }])
  await answered(page, 1)
  await expect(page.getByRole('heading', { level: 1, name: 'ein Kätzchen 猫.txt' })).toBeVisible()
  await expect(page.getByText(/^Video · /)).toBeVisible()
  await expect(turns(page).first()).toContainText('red circle')
  await page.screenshot({ path: info.outputPath('dropped.png') })
})

test('detects a picture', async ({ page, server }, info) => {
  await openPage(page, server)
  await dropFiles(page, [{ name: 'blue.mp4', bytes: await flat(320, 240) }])
  await answered(page, 1)
  await expect(page.getByText(/^Image · 320 × 240/)).toBeVisible()
  await page.screenshot({ path: info.outputPath('image.png') })
})

test('rejects a file that is no clip with a message, and accepts the next one', async ({ page, server }, info) => {
  const text = Buffer.from('This is no film.\n'.repeat(50))
  await openPage(page, server)
  for (const { name, bytes, title, sentence } of [
    { name: 'empty.mp4', bytes: Buffer.alloc(0), title: 'The file is empty', sentence: 'The file is empty (0 bytes).' },
    { name: 'text.mp4', bytes: text, title: 'Not a video, image or GIF', sentence: 'text.mp4 is not a readable video or picture' },
    {
      name: 'sound.mp4',
      bytes: waveBytes(),
      title: 'The file contains no video or image',
      sentence: 'sound.mp4 contains no video, only another stream such as sound.',
    },
  ]) {
    await dropFiles(page, [{ name, bytes }])
    await expect(page.getByRole('alert')).toContainText(title)
    await expect(page.getByRole('alert')).toContainText(sentence)
    await expectAccessible(page)
    await page.screenshot({ path: info.outputPath(`${name}.png`) })
  }
  await forgetExample(server)
  await page.getByRole('button', { name: 'A blue square spins.' }).click()
  await answered(page, 1)
  await expect(page.getByRole('alert')).toHaveCount(0)
  // The open clip stays, and the reason is shown with it.
  await dropFiles(page, [{ name: 'text.mp4', bytes: text }])
  await expect(page.getByRole('alert')).toContainText('text.mp4 is not a readable video or picture')
  await expect(page.getByRole('heading', { level: 1, name: 'blue-square-spins.mp4' })).toBeVisible()
  // Opened again, a clip goes on with its conversation.
  await page.getByRole('button', { name: 'Close the clip' }).click()
  await page.getByRole('button', { name: 'A blue square spins.' }).click()
  await expect(turns(page)).toHaveCount(1)
  await expect(page.getByRole('article', { name: 'Answer being generated' })).toHaveCount(0)
  // One Escape closes a dialog, whose button has no tooltip.
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await expect(page.getByRole('tooltip')).toHaveCount(0)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('describes unusual clips', async ({ page, server }, info) => {
  // The maximum length of a file name: 255 bytes, 3 for each of these letters.
  const long = `${'猫'.repeat(83)}ab.mp4`
  expect(Buffer.byteLength(long)).toBe(255)
  const folder = await mkdtemp(join(tmpdir(), 'tarsier-8k-'))
  const huge = { width: 7680, height: 4320, rgb: Buffer.alloc(7680 * 4320 * 3, '3060c0', 'hex') }
  await writeClip(join(folder, '8k.mp4'), [huge, huge, huge], { options: { preset: 'ultrafast' } })
  await openPage(page, server)
  for (const { what, name, bytes, facts } of [
    { what: 'pixel', name: 'pixel.png', bytes: await flat(1, 1), facts: 'Image · 1 × 1 · ' },
    { what: 'name', name: long, bytes: await anotherCopy('red-circle-right-then-grows.mp4', 2), facts: 'Video · ' },
    { what: '8k', name: '8k.mp4', bytes: await readFile(join(folder, '8k.mp4')), facts: 'Video · 7680 × 4320 · ' },
  ]) {
    await dropFiles(page, [{ name, bytes }])
    await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible({ timeout: ANSWER_MS })
    await expect(page.getByText(facts, { exact: false }).first()).toBeVisible()
    await answered(page, 1)
    await expect(turns(page).first().getByRole('button', { name: 'Copy the answer' })).toBeVisible()
    await expect(page.getByRole('alert')).toHaveCount(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
    await page.screenshot({ path: info.outputPath(`${what}.png`) })
  }
  await rm(folder, { recursive: true })
})

test('several files become a batch, and a broken one does not affect the others', async ({ page, server }, info) => {
  await openPage(page, server)
  await dropFiles(page, [
    { name: 'one.mp4', bytes: await exampleBytes('pink-square-down-then-disappears.mp4') },
    { name: 'two.mp4', bytes: await exampleBytes('purple-cross-appears-then-left.mp4') },
    { name: 'broken.mp4', bytes: Buffer.from('no film') },
  ])
  const dialog = page.getByRole('dialog', { name: 'Describe 3 files?' })
  await expect(dialog).toBeVisible()
  await page.screenshot({ path: info.outputPath('batch-asked.png') })
  await dialog.getByRole('textbox', { name: 'Batch name' }).fill('Two and a half')
  await dialog.getByRole('button', { name: 'Describe all 3' }).click()
  await expect(page.getByText('2 of 2 clips described · 1 file not opened')).toBeVisible({ timeout: ANSWER_MS })
  await page.reload()
  const refused = page.getByRole('list', { name: 'Files that could not be opened' })
  await expect(refused).toContainText('broken.mp4: Not a video, image or GIF.')
  await expect(page.getByRole('region', { name: 'Batch clips' }).locator('img, canvas')).toHaveCount(2)
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('batch.png') })
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'Table (.csv)' }).click()
  expect((await download).suggestedFilename()).toBe('Two and a half.csv')
  const text = await readFile(await (await download).path(), 'utf8')
  expect(text).toContain('one.mp4')
  expect(text).toContain('two.mp4')
})

test('describes each copy of a video under its own name', async ({ page, server }, info) => {
  const bytes = await exampleBytes('pink-square-down-then-disappears.mp4')
  await openPage(page, server)
  await dropFiles(
    page,
    ['first copy.mp4', 'second copy.mp4', 'third copy.mp4'].map((name) => ({ name, bytes })),
  )
  await page.getByRole('button', { name: 'Describe all 3' }).click()
  await expect(page.getByText('3 of 3 clips described')).toBeVisible({ timeout: ANSWER_MS })
  const rows = page.getByRole('region', { name: 'Batch clips' })
  for (const name of ['first copy.mp4', 'second copy.mp4', 'third copy.mp4'])
    await expect(rows.getByRole('button', { name: `Open ${name}` })).toBeVisible()
  await page.screenshot({ path: info.outputPath('copies.png') })
})
