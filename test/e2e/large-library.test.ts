import { statSync } from 'node:fs'
import { expect, type Locator, type Page } from '@playwright/test'
import { newId } from '../../src/library/ids.ts'
import { Library } from '../../src/library/library.ts'
import type { Turn } from '../../src/shared/contract/chats.ts'
import { done, seen } from '../unit/library/scratch-library.ts'
import { composer, expectAccessible, navigationButton, type TestServer, testWithHome, turns } from './helpers/app.ts'
import { examplePath } from './helpers/clips.ts'
import { rowAt, rows } from './helpers/long-list.ts'

const EXAMPLE = examplePath('blue-square-spins.mp4')
/** Conversations of the library, the newest of them a long one. */
const ENTRIES = 10_000
/** Each has a question and an answer: two thousand messages. */
const TURNS = 1000
/** Far more than two windows contain, and far fewer than there are. */
const MAX_ROWS = 60
const RARE = 4321

function turn(index: number, question: string, text: string): Turn {
  return {
    index,
    question,
    text,
    settings: {},
    model: 'demo',
    state: 'done',
    answer: done,
    error: null,
    timed: null,
    version: 0,
    versions: 1,
    created: index,
  }
}

/** Film 1 is the oldest; the long conversation is about an existing clip. */
function fill(home: string): void {
  using library = new Library(home)
  library.transaction(() => {
    const keep = (clip: number, updated: number, all: readonly Turn[]) =>
      library.chats.restore(clip, { id: newId(), title: null, created: updated, updated }, all)
    for (let film = 1; film < ENTRIES; film++) {
      const answerText = film === RARE ? 'An aardvark digs.' : `A square, in film ${film} only.`
      keep(library.clips.add(seen(`/films/film-${film}.mp4`)).key, film * 60_000, [turn(0, 'What is in it?', answerText)])
    }
    const { size } = statSync(EXAMPLE)
    const clip = library.clips.add({ ...seen(EXAMPLE), bytes: size })
    const all = Array.from({ length: TURNS }, (_, i) =>
      turn(i, `What of moment ${i + 1}?`, `Moment ${i + 1}. ${'It spins. '.repeat(i % 40)}`),
    )
    keep(clip.key, ENTRIES * 60_000, all)
  })
}

const test = testWithHome(fill)

const list = (page: Page) => page.getByRole('region', { name: 'Conversations' })
const messages = (page: Page) => page.getByRole('region', { name: 'Messages' })

async function openLibrary(page: Page, server: TestServer): Promise<void> {
  await page.goto(server.tarsier.address)
  await navigationButton(page, 'Library').click()
  await expect(page.getByText('10,000 entries. ', { exact: false })).toBeVisible()
}

/** Presses a scrolling key until a row is visible, because loading and measuring rows may move the end. */
async function scrollTo(page: Page, box: Locator, key: 'Home' | 'End', position: number): Promise<void> {
  await box.focus()
  await expect(async () => {
    await page.keyboard.press(key)
    await expect(rowAt(box, position).locator('button').first()).toBeInViewport({ timeout: 2000 })
  }).toPass()
}

/** In this part of the list, every rendered row is loaded and the right one: after the long conversation come the films, newest first. */
async function expectRowsInPlace(page: Page, share: number): Promise<void> {
  const wrong = async () => {
    const all = await rows(list(page))
    const far = all.filter(({ position }) => Math.abs(position - share * ENTRIES) > ENTRIES / 20)
    return [...far, ...all.filter(({ position, text }) => !text.includes(`film-${ENTRIES + 1 - position}.mp4`))]
  }
  await expect.poll(wrong).toEqual([])
}

test('renders only a few of ten thousand conversations at any position, and finds one', async ({ page, server, pageErrors }, info) => {
  await openLibrary(page, server)
  const few = async () => expect(await list(page).locator('li').count()).toBeLessThan(MAX_ROWS)
  await expect(rowAt(list(page), 1)).toContainText('blue-square-spins.mp4')
  await expect(rowAt(list(page), 1)).toHaveAttribute('aria-setsize', String(ENTRIES))
  await few()
  await scrollTo(page, list(page), 'End', ENTRIES)
  await expect(rowAt(list(page), ENTRIES)).toContainText('film-1.mp4')
  await expect(rowAt(list(page), ENTRIES)).toContainText('A square, in film 1 only.')
  await few()
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('end.png') })
  await scrollTo(page, list(page), 'Home', 1)
  await expect(rowAt(list(page), 2)).toContainText(`film-${ENTRIES - 1}.mp4`)

  await list(page).evaluate((box) => box.scrollTo({ top: box.scrollHeight / 2 }))
  const search = page.getByRole('searchbox')
  await search.pressSequentially('aardv')
  await expect(search).toHaveValue('aardv')
  await expect(page.locator('mark')).toHaveText('aardvark')
  await expect(list(page).locator('li')).toHaveCount(1)
  await expect(list(page)).toContainText(`film-${RARE}.mp4`)
  await page.screenshot({ path: info.outputPath('found.png') })

  await search.fill('')
  await expect(page.getByText('10,000 entries. ', { exact: false })).toBeVisible()
  await expect(rowAt(list(page), 1)).toContainText('blue-square-spins.mp4')
  await list(page).hover()
  await list(page).evaluate((box) => box.scrollTo({ top: box.scrollHeight / 2 }))
  for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 900)
  await expectRowsInPlace(page, 1 / 2)
  await few()
  // All over the list, beyond the cached rows; evicted rows are loaded again.
  for (let part = 1; part <= 25; part++) {
    await list(page).evaluate((box, share) => box.scrollTo({ top: box.scrollHeight * share }), part / 26)
    await expectRowsInPlace(page, part / 26)
  }
  await scrollTo(page, list(page), 'Home', 1)
  await expect(rowAt(list(page), 1)).toContainText('blue-square-spins.mp4')
  expect(pageErrors).toEqual([])
})

test('renders only a few of two thousand messages at the right positions, and typing remains possible', async ({
  page,
  server,
  pageErrors,
}, info) => {
  await openLibrary(page, server)
  await rowAt(list(page), 1).getByRole('button').click()
  const few = async () => expect(await turns(page).count()).toBeLessThan(MAX_ROWS)
  const box = messages(page)
  const last = turns(page).filter({ hasText: `What of moment ${TURNS}?` })
  await expect(last).toBeInViewport()
  await expect(rowAt(box, TURNS)).toHaveAttribute('aria-setsize', String(TURNS))
  await few()
  await page.screenshot({ path: info.outputPath('last.png') })
  await scrollTo(page, box, 'Home', 1)
  await expect(rowAt(box, 1)).toContainText('What of moment 1?')
  await few()

  await composer(page).pressSequentially('Is it still a square?')
  await expect(composer(page)).toHaveValue('Is it still a square?')
  await expect(rowAt(box, 1)).toBeInViewport()
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('first.png') })

  await box.evaluate((element) => element.scrollTo({ top: element.scrollHeight / 2 }))
  await box.hover()
  for (let i = 0; i < 20; i++) await page.mouse.wheel(0, i % 2 === 0 ? 900 : -500)
  const seenRows = await rows(box)
  expect(seenRows.length).toBeGreaterThan(1)
  expect(seenRows.length).toBeLessThan(MAX_ROWS)
  for (const { position, text } of seenRows) expect(text).toContain(`What of moment ${position}?`)
  await scrollTo(page, box, 'End', TURNS)
  await expect(last).toContainText(`Moment ${TURNS}.`)
  expect(pageErrors).toEqual([])
})
