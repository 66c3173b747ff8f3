import { readFile } from 'node:fs/promises'
import { expect, type Page } from '@playwright/test'
import { writeClip } from '../helpers/make-clip.ts'
import { numberedPictures } from '../helpers/numbered-picture.ts'
import { ScratchFolder } from '../helpers/scratch-folder.ts'
import { answered, composer, dropFiles, openExample, openPage, test, turns } from './helpers/app.ts'
import { anotherCopy } from './helpers/clips.ts'
import { setFrames, showTab } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

const frames = (page: Page) => page.getByRole('button', { name: /^Frame \d+ of \d+, at / })

/** The times of the frames in the strip, in seconds. */
async function times(page: Page): Promise<number[]> {
  const labels = await frames(page).evaluateAll((all) => all.map((one) => one.textContent ?? ''))
  return labels.map((label) => Number(/at 0:(\d\d\.\d\d)/.exec(label)?.[1]))
}

test('a range of the clip limits the frames', async ({ page, server }, info) => {
  await openExample(page, server)
  await showTab(page, 'Frames')
  await page.getByRole('textbox', { name: 'Range start' }).fill('1')
  await page.getByRole('textbox', { name: 'Range start' }).press('Enter')
  await page.getByRole('textbox', { name: 'Range end' }).fill('0:02')
  await page.getByRole('textbox', { name: 'Range end' }).press('Enter')
  await expect
    .poll(async () => (await times(page)).every((time) => time >= 0.95 && time <= 2.05) && (await times(page)).length > 1, {
      timeout: 30_000,
    })
    .toBe(true)
  await page.screenshot({ path: info.outputPath('part.png') })
  await showTab(page, 'Conversation')
  await composer(page).fill('What happens in this part?')
  await composer(page).press('Enter')
  await answered(page, 2)
  await turns(page)
    .nth(1)
    .getByRole('button', { name: /^\d+ frames$/ })
    .click()
  await expect(page.getByText('For question 2 the model received')).toBeVisible()
  await expect.poll(async () => (await times(page)).every((time) => time >= 0.95 && time <= 2.05), { timeout: 30_000 }).toBe(true)
  await page.getByRole('button', { name: 'Use the whole clip' }).click()
})

test('the model gets the frames that were picked by hand', async ({ page, server }, info) => {
  await openExample(page, server)
  await showTab(page, 'Frames')
  await expect(frames(page)).toHaveCount(8)
  await page.getByRole('button', { name: 'Select manually' }).click()
  await page.getByRole('button', { name: /^Remove frame 8,/ }).click()
  await expect(frames(page)).toHaveCount(7, { timeout: 30_000 })
  await page.getByRole('button', { name: /^Remove frame 7,/ }).click()
  await expect(frames(page)).toHaveCount(6, { timeout: 30_000 })
  const wanted = await times(page)
  await page.screenshot({ path: info.outputPath('by-hand.png') })
  await showTab(page, 'Conversation')
  await composer(page).fill('What happens in these frames?')
  await composer(page).press('Enter')
  await answered(page, 2)
  await turns(page).nth(1).getByRole('button', { name: '6 frames' }).click()
  await expect(page.getByText('For question 2 the model received')).toBeVisible()
  await expect.poll(() => times(page), { timeout: 30_000 }).toEqual(wanted)
})

test('a number of frames that was set for one clip does not stay for the next', async ({ page, server }) => {
  await openExample(page, server)
  await setFrames(page, 9)
  await dropFiles(page, [{ name: 'next.mp4', bytes: await anotherCopy('blue-square-spins.mp4', 83) }])
  await expect(page.getByRole('heading', { level: 1, name: 'next.mp4' })).toBeVisible()
  await answered(page, 1)
  await expect(page.getByText(/^8 frames · /)).toBeVisible()
})

test('the player steps by frames and seconds, and seeks to typed times', async ({ page, server }) => {
  await openExample(page, server)
  const time = page.getByRole('textbox', { name: 'Time', exact: true })
  await time.fill('2')
  await time.press('Enter')
  await expect(time).toHaveValue('0:02.00')
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByText('frame 49')).toBeVisible()
  await page.keyboard.press('Shift+ArrowLeft')
  await expect(page.getByText('frame 25')).toBeVisible()
  await showTab(page, 'Frames')
  await frames(page).nth(7).click()
  await expect(page.getByText('frame 95')).toBeVisible()
})

test('the player steps by frames in a clip with a variable rate', async ({ page, server }, info) => {
  await using scratch = await ScratchFolder.make()
  const path = scratch.path('uneven.webm')
  // One second of 24 frames, then one frame every five seconds.
  const timeOf = (index: number) => (index < 24 ? index : (index - 23) * 120)
  await writeClip(path, numberedPictures(28, 96, 64), { codec: 'libvpx', rate: [24, 1], timeOf })
  await openPage(page, server)
  await dropFiles(page, [{ name: 'uneven.webm', bytes: await readFile(path) }])
  const time = page.getByRole('textbox', { name: 'Time', exact: true })
  await expect(time).toBeVisible()
  await time.fill('7')
  await time.press('Enter')
  await expect(page.getByText('frame 24', { exact: true })).toBeVisible()
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByText('frame 25', { exact: true })).toBeVisible()
  await expect(time).toHaveValue('0:10.00')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await expect(page.getByText('frame 23', { exact: true })).toBeVisible()
  await expect(time).toHaveValue('0:00.96')
  await page.keyboard.press('End')
  await expect(page.getByText('frame 27', { exact: true })).toBeVisible()
  await page.screenshot({ path: info.outputPath('uneven.png') })
})
