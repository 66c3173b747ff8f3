import { expect, type Locator, type Page } from '@playwright/test'
import { ANSWER_MS, answered, dropFiles, openExample, openPage, type TestServer, test, turns } from './helpers/app.ts'
import { anotherCopy } from './helpers/clips.ts'

test.beforeEach(() => test.slow())

const video = (page: Page) => page.locator('video')
const timeline = (page: Page) => page.getByRole('region', { name: 'Timeline', exact: true })
const scroller = (page: Page) => page.getByRole('region', { name: 'Timeline of the clip' })
const divider = (page: Page) => page.getByRole('separator', { name: 'Width of the clip beside the conversation' })
const messages = (page: Page) => page.getByRole('region', { name: 'Conversation', exact: true })

/** Opens a clip with two motions of known order, whose description has times. The copy is a clip of its own, so its conversation is new. */
async function openWithTimes(page: Page, server: TestServer, copy: number): Promise<void> {
  await openPage(page, server)
  await dropFiles(page, [{ name: 'circle.mp4', bytes: await anotherCopy('red-circle-right-then-grows.mp4', copy) }])
  await answered(page, 1)
  await turns(page).first().getByRole('button', { name: 'Show times' }).click()
  await expect(turns(page).first().getByRole('link', { name: /grows/ })).toBeVisible({ timeout: ANSWER_MS })
}

async function boxOf(element: Locator) {
  const box = await element.boundingBox()
  if (!box) throw new Error('The element is not visible.')
  return { ...box, right: box.x + box.width, bottom: box.y + box.height }
}

async function seek(page: Page, time: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Time', exact: true })
  await field.fill(time)
  await field.press('Enter')
  // The keys of the player work outside of text fields.
  await page.getByRole('heading', { level: 1 }).click()
}

test('the video is the largest part at every width, and all parts can be reached', async ({ page, server, pageErrors }, info) => {
  await openWithTimes(page, server, 81)
  for (const size of [
    { width: 1280, height: 800 },
    { width: 1920, height: 1080 },
  ]) {
    await page.setViewportSize(size)
    const [picture, talk, scale] = [await boxOf(video(page)), await boxOf(messages(page)), await boxOf(timeline(page))]
    expect(picture.width / picture.height).toBeCloseTo(640 / 480, 1)
    expect(picture.width * picture.height).toBeGreaterThan(talk.width * talk.height)
    expect(talk.x).toBeGreaterThan(picture.right)
    expect(scale.y).toBeGreaterThan(picture.bottom)
    expect(scale.width).toBeGreaterThan(0.9 * size.width)
    expect(scale.bottom).toBeLessThanOrEqual(size.height)
  }
  for (const size of [
    { width: 800, height: 600 },
    { width: 420, height: 800 },
  ]) {
    await page.setViewportSize(size)
    const [picture, talk, scale] = [await boxOf(video(page)), await boxOf(messages(page)), await boxOf(timeline(page))]
    expect(picture.width / picture.height).toBeCloseTo(640 / 480, 1)
    expect(scale.y).toBeGreaterThan(picture.bottom)
    expect(talk.y).toBeGreaterThan(scale.bottom)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
    await expect(divider(page)).toBeHidden()
    // The conversation begins in view.
    await expect(page.getByText('Describe the video in detail.', { exact: true }).last()).toBeInViewport()
    const events = page.getByTitle(/^0:0\d .*grows/)
    await expect(events).toBeHidden()
    const counts = page.getByRole('button', { name: /2 events · 8 frames seen/ })
    await counts.click()
    await expect(events).toBeVisible()
    await counts.click()
    const controls = [
      ...(await page.getByRole('navigation').getByRole('button').all()),
      ...(await page.getByRole('tab').all()),
      ...['Settings', 'Copy moment', 'Export', 'Play (space)', 'Repeat the range (L)', 'Captions (C)', 'Mute (M)', 'Full screen (F)'].map(
        (name) => page.getByRole('button', { name, exact: true }),
      ),
      page.getByRole('button', { name: /^Speed/ }),
      page.getByRole('button', { name: /^Model demo/ }),
      page.getByRole('textbox', { name: 'Your question' }),
    ]
    for (const control of controls) {
      // A click that is only tried: the control is in view, and nothing covers it.
      await control.click({ trial: true })
    }
    await page.getByRole('heading', { level: 1 }).scrollIntoViewIfNeeded()
    await page.screenshot({ path: info.outputPath(`stage-${size.width}.png`) })
  }
  expect(pageErrors).toEqual([])
})

test('captions, the timeline, repetition and the divider follow keys and pointer', async ({ page, server, pageErrors }) => {
  await openWithTimes(page, server, 82)
  const answer = turns(page).first()
  const caption = page.getByTestId('caption')
  await seek(page, '3.5')
  // The sentence for subtitles, with the subject that its clause in the answer leaves out.
  await expect(caption).toHaveText('The red circle grows.')
  await expect(answer.getByRole('link', { name: /grows/ })).toHaveAttribute('aria-current', 'time')
  await page.keyboard.press('c')
  await expect(caption).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Captions (C)' })).toHaveAttribute('aria-pressed', 'false')
  await page.keyboard.press('c')
  await expect(caption).toBeVisible()

  // In full screen, the menus and tooltips of the controls are shown too.
  await page.getByRole('button', { name: 'Full screen (F)' }).click()
  await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true)
  await page.getByRole('button', { name: 'Speed: 1×' }).click()
  await page.getByRole('menuitemradio', { name: '0.5×' }).click()
  await expect(page.getByRole('button', { name: 'Speed: 0.5×' })).toBeVisible()
  await page.getByRole('button', { name: 'Captions (C)' }).hover()
  await expect(page.getByRole('tooltip')).toBeInViewport()
  expect(await page.getByRole('tooltip').evaluate((tooltip) => document.fullscreenElement?.contains(tooltip))).toBe(true)
  await page.getByRole('button', { name: 'Full screen (F)' }).click()
  await expect.poll(() => page.evaluate(() => document.fullscreenElement)).toBeNull()

  // Zoom: keys, and Ctrl with the wheel, which keeps the time under the pointer in place.
  const magnification = () => scroller(page).evaluate((box) => box.scrollWidth / box.clientWidth)
  expect(await magnification()).toBe(1)
  await page.keyboard.press('+')
  await expect.poll(magnification).toBeGreaterThan(1.4)
  await page.keyboard.press('-')
  await expect.poll(magnification).toBe(1)
  const dot = page.locator('[data-frame="4"]')
  const before = await boxOf(dot)
  await page.mouse.move(before.x + before.width / 2, before.y - 20)
  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -100)
  await page.keyboard.up('Control')
  await expect.poll(magnification).toBeGreaterThan(2)
  expect(Math.abs((await boxOf(dot)).x - before.x)).toBeLessThan(3)
  await page.getByRole('slider', { name: 'Zoom of the timeline' }).fill('0')
  await expect.poll(magnification).toBe(1)

  // A pinch with two fingers on a touch screen zooms between them, and does not move the player.
  const shownTime = await page.getByRole('textbox', { name: 'Time', exact: true }).inputValue()
  const touch = await page.context().newCDPSession(page)
  const fingers = (type: 'touchStart' | 'touchMove' | 'touchEnd', distance: number) =>
    touch.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [-1, 1].map((side, id) => ({ x: before.x + (side * distance) / 2, y: before.y - 20, id })),
    })
  await fingers('touchStart', 40)
  for (const distance of [60, 90, 120]) await fingers('touchMove', distance)
  await fingers('touchEnd', 0)
  await expect.poll(magnification).toBeGreaterThan(2.5)
  expect(Math.abs((await boxOf(dot)).x - before.x)).toBeLessThan(6)
  await expect(page.getByRole('textbox', { name: 'Time', exact: true })).toHaveValue(shownTime)
  await page.getByRole('slider', { name: 'Zoom of the timeline' }).fill('0')
  await expect.poll(magnification).toBe(1)

  // A press on the pictures goes to the time there; the handles set the range.
  const strip = await boxOf(scroller(page))
  await page.mouse.click(strip.x + strip.width / 2, strip.y + 40)
  await expect.poll(() => video(page).evaluate((element: HTMLVideoElement) => element.currentTime)).toBeCloseTo(2, 0)
  const start = page.getByRole('slider', { name: 'Start of the range (I)' })
  await start.focus()
  await page.keyboard.press('Shift+ArrowRight')
  await expect(page.getByRole('textbox', { name: 'Range start' })).toHaveValue('0:01.00')
  const end = await boxOf(page.getByRole('slider', { name: 'End of the range (O)' }))
  await page.mouse.move(end.x + 5, end.y + 20)
  await page.mouse.down()
  await page.mouse.move(strip.x + strip.width * 0.4, end.y + 20, { steps: 4 })
  await page.mouse.up()
  await expect(page.getByRole('textbox', { name: 'Range end' })).toHaveValue(/^0:01\.[56]/)

  // The range is repeated: the player goes back to its start twice.
  await page.getByRole('button', { name: 'Repeat the range (L)' }).click()
  await page.getByRole('button', { name: /^Speed/ }).click()
  await page.getByRole('menuitemradio', { name: '2×' }).click()
  await page.keyboard.press('m')
  const played = await video(page).evaluate(async (element: HTMLVideoElement) => {
    element.currentTime = 1.2
    const starts: number[] = []
    await new Promise<void>((resolve) => {
      // At the start of the jump, since the player may have moved on by the time its end is reported.
      element.addEventListener('seeking', () => {
        if (!element.paused) starts.push(element.currentTime)
        if (starts.length === 2) resolve()
      })
      void element.play()
    })
    element.pause()
    return { starts, rate: element.playbackRate, muted: element.muted }
  })
  expect(played.rate).toBe(2)
  expect(played.muted).toBe(true)
  for (const time of played.starts.slice(-1)) expect(time).toBeCloseTo(1, 1)

  const share = async () => Number(await divider(page).getAttribute('aria-valuenow'))
  const usual = await share()
  await divider(page).focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  expect(await share()).toBeLessThan(usual)
  const line = await boxOf(divider(page))
  await page.mouse.move(line.x, line.y + 100)
  await page.mouse.down()
  await page.mouse.move(line.x - 120, line.y + 100, { steps: 4 })
  await page.mouse.up()
  const moved = await share()
  expect(moved).toBeLessThan(usual - 6)
  await openExample(page, server)
  expect(await share()).toBe(moved)
  expect(pageErrors).toEqual([])
})

test('a copied moment is an address of the page, and in the window the shell copies that of the file', async ({
  page,
  server,
  pageErrors,
}) => {
  await openExample(page, server)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await seek(page, '1.5')
  await page.getByRole('button', { name: 'Copy moment' }).click()
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible()
  const address = await page.evaluate(() => navigator.clipboard.readText())
  expect(address).toMatch(/^http:\/\/[^#]+#\/clip\/[\w-]{22}\/[\w-]{22}\?t=1\.\d\d$/)

  // The shell's part is tested without a window; here the test takes what the page tells it.
  await page.evaluate(() => {
    const told: unknown[] = []
    Object.assign(window, { told, tarsier: { copyMoment: async (...given: unknown[]) => void told.push(...given) } })
  })
  await page.getByRole('button', { name: 'Copy moment' }).click()
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible()
  const told = await page.evaluate(() => (window as unknown as { told: [handle: string, seconds: number] }).told)
  expect(told).toEqual([address.split('/').at(-2), expect.closeTo(Number(address.split('t=').at(-1)), 2)])
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(address)
  expect(pageErrors).toEqual([])
})
