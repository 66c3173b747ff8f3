import { readFile } from 'node:fs/promises'
import { expect, type Locator, type Page } from '@playwright/test'
import sharp from 'sharp'
import {
  ANSWER_MS,
  answered,
  dropFiles,
  expectAccessible,
  navigationButton,
  openPage,
  type TestServer,
  test,
  turns,
} from './helpers/app.ts'
import { anotherCopy } from './helpers/clips.ts'
import { showTab } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

const NAME = 'red-circle-right-then-grows.mp4'
const panel = (page: Page) => page.getByRole('tabpanel')
const eventButtons = (page: Page) => page.getByRole('region', { name: 'Events of the clip' }).getByRole('button', { name: /^\d+:\d\d / })
const playerTime = (page: Page) => page.locator('video').evaluate((video: HTMLVideoElement) => video.currentTime)

/** Opens a clip with two motions of known order, and waits for its description. `mark` distinguishes the clips of the tests. */
async function openTwoMotions(page: Page, server: TestServer, mark: number): Promise<void> {
  await openPage(page, server)
  await dropFiles(page, [{ name: NAME, bytes: await anotherCopy(NAME, mark) }])
  await answered(page, 1)
  await expect(turns(page).first()).toContainText('grows')
}

async function findEvents(page: Page): Promise<void> {
  await showTab(page, 'Events')
  await expect(page.getByText(/^1 segment, (about|time not known)/)).toBeVisible()
  await page.getByRole('button', { name: 'Find events' }).click()
  await expect(page.getByRole('button', { name: 'Find events again' })).toBeVisible({ timeout: ANSWER_MS })
}

/** Seconds in a tooltip such as `From 0:02.10 to 0:04.00`. */
async function secondsOf(place: Locator): Promise<number> {
  const title = (await place.getAttribute('title')) ?? ''
  const [, minutes, seconds] = /(\d+):(\d+\.\d+)/.exec(title) ?? []
  return Number(minutes) * 60 + Number(seconds)
}

/** Cues of a WebVTT file as Chromium reads them. */
async function cuesOf(page: Page, vtt: string): Promise<readonly (readonly [number, number, string])[]> {
  const viewer = await page.context().newPage()
  await viewer.route('http://clip.example/**', (route) =>
    route.request().url().endsWith('.vtt')
      ? route.fulfill({ contentType: 'text/vtt', body: vtt })
      : route.fulfill({ contentType: 'text/html', body: '<video><track default src="/events.vtt"></video>' }),
  )
  await viewer.goto('http://clip.example')
  await viewer.waitForFunction(() => document.querySelector('track')?.readyState === HTMLTrackElement.LOADED)
  const cues = await viewer.evaluate(() =>
    [...(document.querySelector('track')?.track.cues ?? [])].map(
      (cue) => [cue.startTime, cue.endTime, (cue as VTTCue).getCueAsHTML().textContent ?? ''] as const,
    ),
  )
  await viewer.close()
  return cues
}

async function exported(page: Page, format: string): Promise<string> {
  await page.getByRole('button', { name: 'Export' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: format }).click()
  return readFile(await (await download).path(), 'utf8')
}

test('finds the events of a clip, plays from them, exports and removes them', async ({ page, server, pageErrors }, info) => {
  await openTwoMotions(page, server, 71)
  await findEvents(page)
  const moves = eventButtons(page).filter({ hasText: 'right' })
  const grows = eventButtons(page).filter({ hasText: 'grows' })
  const start = await secondsOf(grows)
  const clock = /\d+:\d+\.\d+/.exec((await grows.getAttribute('title')) ?? '')?.[0]
  expect(start).toBeGreaterThan(await secondsOf(moves))
  await grows.click()
  await expect(grows).toHaveAttribute('aria-current', 'time')
  await expect(moves).not.toHaveAttribute('aria-current')
  expect(await playerTime(page)).toBeGreaterThanOrEqual(start - 0.01)
  await expect.poll(() => playerTime(page)).toBeGreaterThan(start + 0.1)
  await expect(page.locator('[data-current]')).toHaveAttribute('title', /grows/)
  await page.screenshot({ path: info.outputPath('events.png') })
  await expectAccessible(page)
  // The track: a click on a bar plays from its start.
  await page.getByTitle(/^0:0\d .*right/).click()
  await expect(moves).toHaveAttribute('aria-current', 'time')
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: 'Events' }).focus()
  await page.keyboard.press('n')
  await expect(grows).toHaveAttribute('aria-current', 'time')

  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: /^Save this moment: .*grows/ }).click()
  expect((await saved).suggestedFilename()).toMatch(/^red-circle-right-then-grows.*\.mp4$/)
  expect((await readFile(await (await saved).path())).toString('latin1', 4, 8)).toBe('ftyp')
  await expect(page.getByRole('button', { name: /^Stop saving/ })).toHaveCount(0)

  const srt = await exported(page, 'SubRip subtitles')
  const cues = await cuesOf(page, `WEBVTT\n\n${srt.replace(/(\d),(\d{3})/g, '$1.$2')}`)
  expect(cues).toHaveLength(await eventButtons(page).count())
  expect(cues.at(-1)?.[0]).toBeCloseTo(start, 1)
  expect(cues.at(-1)?.[2]).toContain('grows')

  // The library finds the moment, and opens the clip there.
  await page.reload()
  await navigationButton(page, 'Library').click()
  await page.getByRole('searchbox').fill('grows')
  const moment = page.getByTitle(`Open the clip at ${clock}`, { exact: true })
  await expect(moment.first()).toContainText('grows')
  await page.screenshot({ path: info.outputPath('moment.png') })
  await moment.first().click()
  await expect(eventButtons(page)).toHaveCount(cues.length)
  await expect(grows).toHaveAttribute('aria-current', 'time')
  await expect.poll(() => playerTime(page)).toBeGreaterThan(0)
  await page.getByRole('button', { name: 'Remove the events' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByRole('button', { name: 'Find events' })).toBeVisible()
  await expect(eventButtons(page)).toHaveCount(0)
  expect(pageErrors).toEqual([])
})

test('shows segments as they are done; a stopped search continues', async ({ page, server }, info) => {
  await openTwoMotions(page, server, 72)
  await showTab(page, 'Events')
  await page.getByText('Options', { exact: true }).click()
  const length = page.getByRole('textbox', { name: 'Segment length in seconds' })
  await length.fill('1')
  await length.press('Tab')
  await expect(page.getByText(/^at least \d segments/)).toBeVisible()
  await page.getByRole('button', { name: 'Find events' }).click()
  await expect(page.getByText(/^Segment 1, 0:00–0:01/)).toBeVisible({ timeout: ANSWER_MS })
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByText(/^Stopped: \d of \d segments/)).toBeVisible()
  await page.screenshot({ path: info.outputPath('stopped.png') })
  await page.getByRole('button', { name: 'Find events' }).click()
  await expect(page.getByRole('button', { name: 'Find events again' })).toBeVisible({ timeout: ANSWER_MS })
  await expect(page.getByText(/in \d segments/)).toBeVisible()
  await page.screenshot({ path: info.outputPath('segments.png') })
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'YouTube chapters' }).click()
  await expect(page.getByRole('alert')).toContainText('The clip does not fit that format')
})

test('links an answer to its times both ways, and shades its words', async ({ page, server, pageErrors }, info) => {
  await openTwoMotions(page, server, 73)
  const answer = turns(page).first()
  const text = await answer.locator('.prose').textContent()
  await answer.getByRole('button', { name: 'Show times' }).click()
  const grows = answer.getByRole('link', { name: /grows/ })
  await expect(grows).toBeVisible({ timeout: ANSWER_MS })
  expect(await answer.locator('.prose').textContent()).toBe(text)
  const start = await secondsOf(grows)
  await grows.click()
  await expect(grows).toHaveAttribute('aria-current', 'time')
  expect(await playerTime(page)).toBeGreaterThanOrEqual(start - 0.01)
  // The event on the timeline marks its clause in the text, and the clause its part of the timeline.
  const moves = answer.getByRole('link', { name: /right/ })
  await page.getByTitle(/^0:0\d .*right/).hover()
  await expect(moves).toHaveAttribute('data-marked', 'true')
  await expect(grows).not.toHaveAttribute('data-marked')
  await page.getByRole('heading', { level: 1 }).hover()
  await expect(moves).not.toHaveAttribute('data-marked')
  await expect(page.getByTestId('pointed-span')).toHaveCount(0)
  await moves.hover()
  await expect(page.getByTestId('pointed-span')).toBeVisible()

  await expect(answer.getByText('contradicted')).toHaveCount(0)
  await answer.getByRole('button', { name: 'Shade words by support' }).click()
  await expect(answer.getByText('contradicted')).toBeVisible()
  await expect(answer.getByTitle(/^Support 0\.[89]\d: shown|^Support 1\.00: shown/).filter({ hasText: /^red$/ })).toBeVisible()
  expect(await answer.locator('.prose').textContent()).toBe(text)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await expectAccessible(page)
    await page.screenshot({ path: info.outputPath(`shaded-${colorScheme}.png`) })
  }
  await expect(page.getByRole('button', { name: 'Export' })).toBeVisible()
  const cues = await cuesOf(page, await exported(page, 'WebVTT'))
  await showTab(page, 'Events')
  await expect(eventButtons(page)).toHaveCount(cues.length)
  expect(pageErrors).toEqual([])
})

test('checks a text sentence by sentence', async ({ page, server, pageErrors }, info) => {
  await openTwoMotions(page, server, 74)
  await showTab(page, 'Check')
  const check = page.getByRole('button', { name: 'Check the text' })
  await expect(check).toHaveAttribute('aria-disabled', 'true')
  const caption = page.getByRole('textbox', { name: /^Paste a caption/ })
  // Long enough that the check is still running when Cancel is clicked.
  await caption.fill('A red circle moves right and then grows. '.repeat(200))
  await check.click()
  await panel(page).getByRole('button', { name: 'Cancel' }).click()
  await expect(panel(page).getByRole('button', { name: 'Cancel' })).toHaveCount(0)
  await expect(panel(page).getByRole('region', { name: 'Result of the check' })).toHaveCount(0)
  await caption.fill('A red circle moves right and then grows. A green star spins.')
  await check.click()
  const sentences = panel(page).getByRole('region', { name: 'Result of the check' }).getByRole('listitem')
  await expect(sentences).toHaveCount(2, { timeout: ANSWER_MS })
  const support = async (sentence: Locator) => Number(/Support (\d\.\d\d)/.exec((await sentence.textContent()) ?? '')?.[1])
  expect(await support(sentences.first())).toBeGreaterThan(await support(sentences.nth(1)))
  await expect(sentences.nth(1)).toContainText('contradicted')
  await expect(
    sentences
      .nth(1)
      .getByTitle(/contradicted/)
      .first(),
  ).toBeVisible()
  await sentences.first().getByRole('button').click()
  await expect.poll(() => page.locator('video').evaluate((video: HTMLVideoElement) => !video.paused || video.currentTime > 0)).toBe(true)
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('check.png') })
  expect(pageErrors).toEqual([])
})

test('says that a picture has no times', async ({ page, server }) => {
  await openPage(page, server)
  const bytes = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#3060c0' } })
    .png()
    .toBuffer()
  await dropFiles(page, [{ name: 'blue.png', bytes }])
  await answered(page, 1)
  const show = turns(page).first().getByRole('button', { name: 'Show times' })
  await expect(show).toHaveAttribute('aria-disabled', 'true')
  await show.focus()
  await expect(page.getByRole('tooltip')).toHaveText('A picture has no times')
  await showTab(page, 'Events')
  await expect(panel(page).getByText('A picture has no times')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Find events' })).toHaveCount(0)
})
