import { statSync } from 'node:fs'
import { expect, type Page } from '@playwright/test'
import { Library } from '../../src/library/library.ts'
import { seen } from '../unit/library/scratch-library.ts'
import { ANSWER_MS, expectAccessible, navigationButton, type TestServer, testWithHome } from './helpers/app.ts'
import { examplePath } from './helpers/clips.ts'
import { rowAt, rows } from './helpers/long-list.ts'

const EXAMPLE = examplePath('blue-square-spins.mp4')
const CLIPS = 10_000
/** The first clips have failed, and the last ones wait, the very last of which is an existing film; all between are done. */
const FAILED = 300
const WAITING = 12
const BEFORE = 'It was gone before.'
/** Far more than two windows contain, and far fewer than there are. */
const MAX_ROWS = 60

function fill(home: string): void {
  using library = new Library(home)
  const { batches, clips } = library
  library.transaction(() => {
    const keys = Array.from({ length: CLIPS - 1 }, (_, i) => clips.add(seen(`/films/film-${i + 1}.mp4`)).key)
    keys.push(clips.add({ ...seen(EXAMPLE), bytes: statSync(EXAMPLE).size }).key)
    const { id } = batches.create({ title: 'Many', question: null, settings: {}, skipDescribed: false }, keys)
    batches.setState(id, 'paused')
    const error = { code: 'file-missing', message: BEFORE } as const
    for (let offset = 0; offset < CLIPS; offset += 500) {
      for (const item of batches.items(id, { offset, limit: 500 }).items) {
        if (item.position < FAILED) batches.setItem(item.id, { state: 'failed', error })
        else if (item.position < CLIPS - WAITING) batches.setItem(item.id, { state: 'done' })
      }
    }
  })
}

const test = testWithHome(fill)

const table = (page: Page) => page.getByRole('region', { name: 'Batch clips' })
const filter = (page: Page, name: string | RegExp) =>
  page.getByRole('group', { name: 'Filter clips' }).getByRole('button', { name, exact: typeof name === 'string' })
const clipAt = (page: Page, position: number) => rowAt(table(page), position)

async function openBatch(page: Page, server: TestServer): Promise<void> {
  await page.goto(server.tarsier.address)
  await navigationButton(page, 'Batches').click()
  await page.getByRole('button', { name: 'Many' }).first().click()
  await expect(clipAt(page, 1)).toContainText('film-1.mp4')
}

async function scrollTo(page: Page, key: 'Home' | 'End', position: number): Promise<void> {
  await table(page).focus()
  await page.keyboard.press(key)
  await expect(clipAt(page, position).locator('p').first()).toBeInViewport()
}

/** Rows that are not loaded, or that are at the wrong place; the film's number is that of the row. */
const misplaced = async (page: Page) =>
  (await rows(table(page))).filter(({ position, text }) => position < CLIPS && !text.includes(`film-${position}.mp4`))

test.beforeEach(() => test.slow())

test('renders only a few rows of a batch of ten thousand clips at any position', async ({ page, server, pageErrors }, info) => {
  await openBatch(page, server)
  const few = async () => expect(await table(page).locator('li').count()).toBeLessThan(MAX_ROWS)
  await expect(clipAt(page, 1)).toHaveAttribute('aria-setsize', String(CLIPS))
  await expect(clipAt(page, 1)).toContainText('Failed')
  await few()

  await scrollTo(page, 'End', CLIPS)
  await expect(clipAt(page, CLIPS)).toContainText(/blue-square-spins\.mp4.*Waiting/)
  await expect.poll(() => misplaced(page)).toEqual([])
  await few()
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('end.png') })

  await scrollTo(page, 'Home', 1)
  await expect(clipAt(page, 2)).toContainText('film-2.mp4')
  const top = () => table(page).evaluate((box) => box.scrollTop)
  const height = await table(page).evaluate((box) => box.clientHeight)
  for (let turn = 1; turn <= 12; turn++) {
    const before = await top()
    await page.keyboard.press('PageDown')
    await expect.poll(async () => (await top()) - before).toBeGreaterThan(height / 2)
    await expect.poll(() => misplaced(page)).toEqual([])
  }
  await few()
  // By dragging the scrollbar: all over the list, beyond the cached rows; evicted rows are loaded again.
  for (let part = 1; part <= 25; part++) {
    await table(page).evaluate((box, share) => box.scrollTo({ top: box.scrollHeight * share }), part / 26)
    await expect
      .poll(async () => (await rows(table(page))).filter(({ position }) => Math.abs(position - (part / 26) * CLIPS) > CLIPS / 20))
      .toEqual([])
    await expect.poll(() => misplaced(page)).toEqual([])
  }
  await few()
  await scrollTo(page, 'Home', 1)
  await expect(clipAt(page, 1)).toContainText('film-1.mp4')
  expect(pageErrors).toEqual([])
})

test('updates visible rows during the batch, and removes them from a list that is filtered by state', async ({
  page,
  server,
  pageErrors,
}, info) => {
  await openBatch(page, server)
  await filter(page, `Failed ${FAILED}`).click()
  await expect(clipAt(page, 1)).toHaveAttribute('aria-setsize', String(FAILED))
  await scrollTo(page, 'End', FAILED)
  await expect(clipAt(page, FAILED)).toContainText(new RegExp(`film-${FAILED}\\.mp4.*Failed`))

  await filter(page, `Waiting ${WAITING}`).click()
  await expect(table(page).locator('li')).toHaveCount(WAITING)
  await expect(clipAt(page, 1)).toContainText(new RegExp(`film-${CLIPS - WAITING + 1}\\.mp4.*Waiting`))
  await filter(page, /^All/).click()
  await expect(clipAt(page, 1)).toHaveAttribute('aria-setsize', String(CLIPS))
  await scrollTo(page, 'End', CLIPS)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect(clipAt(page, CLIPS - 1)).toContainText(new RegExp(`film-${CLIPS - 1}\\.mp4.*Failed`), { timeout: ANSWER_MS })
  await expect(clipAt(page, CLIPS)).toContainText(/blue-square-spins\.mp4.*Done/, { timeout: ANSWER_MS })
  await expect(clipAt(page, CLIPS)).toContainText('blue square')
  await expect.poll(() => misplaced(page)).toEqual([])
  await page.screenshot({ path: info.outputPath('done.png') })

  // All failed ones are retried and fail again: rows of the filtered list go and come while they are visible.
  const failed = FAILED + WAITING - 1
  await filter(page, `Failed ${failed}`).click()
  await expect(clipAt(page, 1)).toHaveAttribute('aria-setsize', String(failed))
  await scrollTo(page, 'End', failed)
  await expect(clipAt(page, failed)).toContainText(`film-${CLIPS - 1}.mp4`)
  await scrollTo(page, 'Home', 1)
  await expect(clipAt(page, 1)).toContainText(BEFORE)
  await page.getByRole('button', { name: 'Retry failed' }).click()
  await expect(table(page).getByText(BEFORE)).toHaveCount(0)
  await expect(filter(page, `Failed ${failed}`)).toBeVisible({ timeout: ANSWER_MS })
  await expect(clipAt(page, 1)).toContainText(/film-1\.mp4.*Failed/)
  await expect(clipAt(page, 1)).toHaveAttribute('aria-setsize', String(failed))
  await expect.poll(() => misplaced(page)).toEqual([])
  await scrollTo(page, 'End', failed)
  await expect(clipAt(page, failed)).toContainText(new RegExp(`film-${CLIPS - 1}\\.mp4.*Failed`))
  expect(pageErrors).toEqual([])
})
