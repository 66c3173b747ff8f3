import { statSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { Library } from '../../src/library/library.ts'
import { writeClip } from '../helpers/make-clip.ts'
import { numberedPictures } from '../helpers/numbered-picture.ts'
import { done, seen } from '../unit/library/scratch-library.ts'
import { answered, composer, dropFiles, expectAccessible, navigationButton, openPage, test, turns } from './helpers/app.ts'
import { anotherCopy } from './helpers/clips.ts'

let folder: string
test.beforeEach(async () => {
  test.slow()
  folder = await mkdtemp(join(tmpdir(), 'tarsier-film-'))
})
test.afterEach(() => rm(folder, { recursive: true, force: true }))

const missingNotice = (page: Page) => page.getByText('The file is missing', { exact: true })
const isPlaying = (page: Page) => page.locator('video').evaluate((video: HTMLVideoElement) => !video.paused && video.currentTime > 0)

test('a film that is deleted during playback is reported, keeps its conversation, and is accepted again where it is located', async ({
  page,
  server,
}, info) => {
  // A minute of 40 MB with its index first, so that a player has only a part of it. Padding fills what the pictures do not need.
  const film = join(folder, 'long film.mp4')
  await writeClip(film, numberedPictures(300, 144, 96), {
    rate: [5, 1],
    options: { preset: 'ultrafast', 'nal-hrd': 'cbr', b: '5500k', minrate: '5500k', maxrate: '5500k', bufsize: '1000k' },
    containerOptions: { movflags: 'faststart' },
  })
  const { size } = statSync(film)
  expect(size).toBeGreaterThan(3e7)
  await server.restart((home) => {
    using library = new Library(home)
    const { id } = library.chats.create(library.clips.add({ ...seen(film), bytes: size }).key)
    library.chats.begin(id, 0, { question: 'Was there a pangolin?', settings: {}, model: 'demo' })
    library.chats.end(id, 0, { state: 'done', text: 'A pangolin, for a minute.', answer: done })
  })
  await page.goto(server.tarsier.address)
  await navigationButton(page, 'Library').click()
  await page.getByRole('searchbox').fill('pangolin')
  await page.locator('mark').first().click()
  await page.getByRole('button', { name: 'Play (space)' }).click()
  await expect.poll(() => isPlaying(page)).toBe(true)

  const elsewhere = join(folder, 'found again.mp4')
  await page.getByRole('textbox', { name: 'Time', exact: true }).fill('45')
  await rename(film, elsewhere)
  // Not pressed on the text box: the player may read on by itself, and the message that the file is missing then takes its place.
  await page.keyboard.press('Enter')
  await expect(missingNotice(page)).toBeVisible()
  await expect(turns(page)).toHaveCount(1)
  await expect(turns(page).first()).toContainText('A pangolin, for a minute.')
  await expect(page.getByPlaceholder('The file is missing. Locate it to ask more questions')).toBeDisabled()
  await expect(page.getByText('Check the spelling', { exact: false })).toHaveCount(0)
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('gone.png') })

  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Find the file…' }).click()
  await (await chooser).setFiles(elsewhere)
  await expect(missingNotice(page)).toHaveCount(0)
  await page.getByRole('button', { name: 'Play (space)' }).click()
  await expect.poll(() => isPlaying(page)).toBe(true)
  await expect(composer(page)).toBeEnabled()
  await expect(turns(page)).toHaveCount(1)
})

test('a question about a missing file fails with a message, and is answered once the file is back', async ({ page, server }, info) => {
  const uploads = join(server.home, 'uploads')
  const uploadedFiles = async () => new Set(await readdir(uploads).catch(() => []))
  const before = await uploadedFiles()
  await openPage(page, server)
  await dropFiles(page, [{ name: 'here today.mp4', bytes: await anotherCopy('pink-square-down-then-disappears.mp4', 1) }])
  await answered(page, 1)
  const [copy = ''] = [...(await uploadedFiles())].filter((name) => !before.has(name))
  await rename(join(uploads, copy), join(folder, copy))

  await composer(page).fill('What colour is the square?')
  await composer(page).press('Enter')
  await answered(page, 2)
  const failed = turns(page).nth(1)
  await expect(failed.getByRole('alert')).toContainText('File not found')
  await expect(failed.getByRole('alert')).toContainText('here today.mp4 is no longer at')
  await expect(missingNotice(page)).toBeVisible()
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('asked.png') })

  await rename(join(folder, copy), join(uploads, copy))
  await failed.getByRole('button', { name: 'Try again' }).click()
  await answered(page, 2)
  await expect(turns(page).nth(1).getByRole('button', { name: 'Copy the answer' })).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)
  await expect(missingNotice(page)).toHaveCount(0)
  await expect(page.locator('video')).toBeVisible()
})
