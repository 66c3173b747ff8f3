import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, type Page } from '@playwright/test'
import type { Prediction } from '../../src/bench/prediction.ts'
import { choice, dreamVerdict, failure, prediction, writePredictions, writeVerdicts } from '../helpers/bench-run.ts'
import { ANSWER_MS, expectAccessible, navigationButton, openPage, type TestServer, test } from './helpers/app.ts'

const clip = fileURLToPath(new URL('../../resources/examples/blue-square-spins.mp4', import.meta.url))
const MANY = 10_000

const folder = (server: TestServer, name: string) => join(server.home, 'benchmarks', name)

/** Two runs of one benchmark with a judged description, choices that are right, wrong and without an option, and a failure. */
async function writeRuns(server: TestServer): Promise<void> {
  await rm(join(server.home, 'benchmarks'), { recursive: true, force: true })
  const described = (answer: string): Prediction =>
    prediction({ dataset: 'DREAM/youtube', idx: 7, video: clip, prediction: answer, reference: 'A blue square spins. It stops.' })
  const lost = prediction({ dataset: 'DREAM/videvo', idx: 8, video: '/nowhere/gone.mp4', ...failure })
  for (const [name, answer, second] of [
    ['small', 'A blue square is turning round and round.', 'A'],
    ['other', 'A square.', 'B'],
  ] as const) {
    await writePredictions(folder(server, name), 'dream', [described(answer), lost])
    await writePredictions(folder(server, name), 'mvbench', [choice(1, 'B) it spins'), choice(2, second), choice(3, 'it spins')])
  }
  await writeVerdicts(folder(server, 'small'), 'DREAM', [dreamVerdict('DREAM/youtube-7', [true, false], [true])])
}

async function openBenchmarks(page: Page, server: TestServer): Promise<void> {
  await openPage(page, server)
  await navigationButton(page, 'Benchmarks').click()
  await expect(page.getByRole('heading', { level: 1, name: 'Benchmarks' })).toBeVisible()
}

/** Simulates a user who returns from another window: Playwright's pages always have the focus, so it cannot be taken from them. */
async function focusWindow(page: Page): Promise<void> {
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
}

/** Waits until the page has been drawn so many times. */
async function animationFrames(page: Page, count: number): Promise<void> {
  await page.evaluate(async (frames) => {
    for (let i = 0; i < frames; i++) await new Promise(requestAnimationFrame)
  }, count)
}

const samples = (page: Page) => page.getByRole('region', { name: 'Samples', exact: true })
const rows = (page: Page) => samples(page).getByRole('listitem')

test('explains how to make a run when there is none', async ({ page, server, pageErrors }) => {
  await rm(join(server.home, 'benchmarks'), { recursive: true, force: true })
  await openBenchmarks(page, server)
  await expect(page.getByText('tarsier bench run moving-shapes --model demo', { exact: false })).toBeVisible()
  await expect(page.getByText(join(server.home, 'benchmarks'), { exact: true })).toBeVisible()
  expect(pageErrors).toEqual([])
})

test('a run is started from the page, and its answers are listed', async ({ page, server, pageErrors }) => {
  await rm(join(server.home, 'benchmarks'), { recursive: true, force: true })
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: 'New run' }).click()
  const dialog = page.getByRole('dialog', { name: 'New benchmark run' })
  for (const name of ['moving-shapes-dream', 'moving-shapes-oe', 'moving-shapes-check']) await dialog.getByLabel(name).uncheck()
  await dialog.getByLabel('Samples per data set').fill('2')
  await dialog.getByLabel('Frames per clip').fill('4')
  await dialog.getByLabel('Frames per clip').blur()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Start 2 samples' }).click()
  const card = page.getByRole('list', { name: 'Runs of this app' }).getByRole('listitem')
  await expect(card).toContainText('Done · 2 of 2 samples', { timeout: ANSWER_MS })
  await page.reload()
  await navigationButton(page, 'Benchmarks').click()
  await expect(card).toContainText('Done · 2 of 2 samples')
  await page.getByRole('button', { name: /^moving-shapes-mc-demo/ }).click()
  await expect(rows(page)).toHaveCount(2)
  await expect(rows(page).locator('canvas')).toHaveCount(2)
  await page.getByRole('button', { name: 'All runs' }).click()
  await card.getByRole('button', { name: 'Remove moving-shapes-mc-demo' }).click()
  await expect(card).toHaveCount(0)
  await expect(page.getByRole('button', { name: /^moving-shapes-mc-demo/ })).toBeVisible()
  expect(pageErrors).toEqual([])
})

test('a sample shows its clip, question, answer, score and the reason for the score', async ({ page, server, pageErrors }) => {
  await writeRuns(server)
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: /^small/ }).click()
  await expect(page.getByRole('status').filter({ hasText: '5 samples' }).first()).toBeVisible()
  await expect(rows(page)).toHaveCount(5)
  await rows(page)
    .getByRole('button', { name: /DREAM\/youtube-7/ })
    .click()
  const sample = page.getByRole('article', { name: 'DREAM/youtube-7' })
  await expect(sample.getByText('A blue square is turning round and round.')).toBeVisible()
  await expect(sample.getByText('A blue square spins. It stops.')).toBeVisible()
  // Recall 1 of 2, precision 1 of 1.
  await expect(sample.getByRole('heading', { name: /Recall 0\.50/ })).toBeVisible()
  await expect(sample.getByRole('listitem').filter({ hasText: 'Event 2 of the reference.' })).toContainText('neutral')
  await expect(sample.getByText('The description does not mention it.')).toBeVisible()
  await expect.poll(() => sample.locator('video').evaluate((video: HTMLVideoElement) => video.readyState)).toBeGreaterThan(0)
  await expect(sample.getByRole('region', { name: 'Frames the model saw' }).locator('canvas')).toHaveCount(2)
  // Its address leads back to it.
  await page.reload()
  await expect(sample.getByText('A blue square is turning round and round.')).toBeVisible()
  await page.getByRole('button', { name: 'Next sample' }).click()
  await expect(page.getByRole('article', { name: 'DREAM/videvo-8' }).getByText('gone.mp4 does not exist.', { exact: false })).toBeVisible()
  expect(pageErrors).toEqual([])
})

test('samples are filtered by verdict, data set and text', async ({ page, server, pageErrors }) => {
  await writeRuns(server)
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: /^small/ }).click()
  await page.getByLabel('Verdict').selectOption('wrong')
  await expect(rows(page)).toHaveCount(1)
  await expect(rows(page)).toContainText('MVBench/action-2')
  await page.getByLabel('Verdict').selectOption('')
  await page.getByLabel('Data set').selectOption('DREAM')
  await expect(rows(page)).toHaveCount(2)
  await page.getByLabel('Data set').selectOption('')
  await page.getByRole('searchbox').fill('QUESTION 3')
  await expect(rows(page)).toHaveCount(1)
  await expect(rows(page)).toContainText('MVBench/action-3')
  await page.getByRole('searchbox').fill('no such words')
  await expect(page.getByText('No samples match the filters.')).toBeVisible()
  expect(pageErrors).toEqual([])
})

test('the samples keep their filters and the selected one while another view or the tables are shown', async ({
  page,
  server,
  pageErrors,
}) => {
  await writeRuns(server)
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: /^small/ }).click()
  await page.getByRole('searchbox').fill('QUESTION')
  await expect(rows(page)).toHaveCount(3)
  await page.getByLabel('Verdict').selectOption('wrong')
  const row = rows(page).getByRole('button', { name: /MVBench\/action-2/ })
  const sample = page.getByRole('article', { name: 'MVBench/action-2' })
  const expectKept = async () => {
    await expect(page.getByLabel('Verdict')).toHaveValue('wrong')
    await expect(page.getByRole('searchbox')).toHaveValue('QUESTION')
    await expect(rows(page)).toHaveCount(1)
  }
  await expectKept()
  await row.click()
  await expect(sample).toBeVisible()
  await navigationButton(page, 'Library').click()
  await navigationButton(page, 'Benchmarks').click()
  await expectKept()
  await expect(sample).toBeVisible()
  await navigationButton(page, 'Library').click()
  await page.goBack()
  await expectKept()
  await expect(sample).toBeVisible()
  await page.getByRole('tab', { name: 'Tables' }).click()
  await page.getByRole('tab', { name: 'Samples' }).click()
  await expectKept()
  await expect(sample).toBeVisible()
  await page.getByRole('button', { name: 'All runs' }).click()
  await page.goBack()
  await expectKept()
  expect(pageErrors).toEqual([])
})

test('shows two runs side by side, with the tables beside the samples', async ({ page, server, pageErrors }) => {
  await writeRuns(server)
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: /^small/ }).click()
  await page.getByLabel('Compare with another run').selectOption({ label: 'Compare with other' })
  await page.getByLabel('Second run compared with the first').selectOption('better')
  await expect(rows(page)).toHaveCount(1)
  await rows(page)
    .getByRole('button', { name: /MVBench\/action-2/ })
    .click()
  const sample = page.getByRole('article', { name: 'MVBench/action-2' })
  await expect(sample.getByRole('region', { name: 'small' })).toContainText('Wrong')
  await expect(sample.getByRole('region', { name: 'other' })).toContainText('Right')
  await page.getByRole('tab', { name: 'Tables' }).click()
  await expect(page.getByRole('table', { name: 'Accuracy' }).getByRole('row', { name: /OVERALL/ })).toContainText('50.0')
  expect(pageErrors).toEqual([])
})

test('refreshes runs, and keeps the selection, when the window gets the focus', async ({ page, server, pageErrors }) => {
  await writeRuns(server)
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: /^small/ }).click()
  await expect(rows(page)).toHaveCount(5)
  await rows(page)
    .getByRole('button', { name: /MVBench\/action-2/ })
    .click()
  const sample = page.getByRole('article', { name: 'MVBench/action-2' })
  await expect(sample).toContainText('Wrong')
  await writePredictions(folder(server, 'small'), 'mvbench', [
    choice(1, 'B) it spins'),
    choice(2, 'B'),
    choice(3, 'it spins'),
    choice(4, 'B'),
  ])
  await writePredictions(folder(server, 'third'), 'mvbench', [choice(1, 'B')])
  await focusWindow(page)
  await expect(rows(page)).toHaveCount(6)
  await expect(page.getByRole('status').filter({ hasText: '6 samples' }).first()).toBeVisible()
  await expect(sample).toContainText('Right')
  await page.getByRole('button', { name: 'All runs' }).click()
  await expect(page.getByRole('button', { name: /^third/ })).toBeVisible()
  await rm(folder(server, 'third'), { recursive: true })
  await focusWindow(page)
  await expect(page.getByRole('button', { name: /^third/ })).toHaveCount(0)
  expect(pageErrors).toEqual([])
})

test('shows a judged run among the published figures', async ({ page, server }) => {
  await writeRuns(server)
  await openBenchmarks(page, server)
  await page.getByRole('tab', { name: 'DREAM-1K leaderboard' }).click()
  const table = page.getByRole('table')
  await expect(table.getByRole('row', { name: /Tarsier2-7B 42\.0/ })).toContainText('arXiv 2501.07888')
  await expect(table.getByRole('row', { name: /Your run small/ })).toContainText('66.7')
})

test('scrolls through ten thousand samples from end to end', async ({ page, server, pageErrors }) => {
  await rm(join(server.home, 'benchmarks'), { recursive: true, force: true })
  await writePredictions(
    folder(server, 'many'),
    'mvbench',
    Array.from({ length: MANY }, (_, i) => choice(i + 1, i % 3 === 0 ? 'A' : 'B')),
  )
  await openBenchmarks(page, server)
  await page.getByRole('button', { name: /^many/ }).click()
  await expect(page.getByText('10,000 samples', { exact: true })).toBeVisible()
  await rows(page).first().getByRole('button').focus()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('button', { name: /MVBench\/action-2 / })).toBeFocused()
  // A busy service takes longer than the list needs to scroll there.
  await page.route('**/bench/samples**', async (route) => {
    await animationFrames(page, 90)
    await route.continue()
  })
  await page.keyboard.press('End')
  const last = page.getByRole('button', { name: new RegExp(`MVBench/action-${MANY} `) })
  await expect(last).toBeFocused()
  await expect(last).toBeInViewport()
  await page.unrouteAll({ behavior: 'wait' })
  // By mouse wheel through the middle: visible rows are loaded, others are unloaded.
  await samples(page).evaluate((box) => box.scrollTo({ top: box.scrollHeight / 2 }))
  await samples(page).hover()
  for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 900)
  await expect(samples(page).locator('button').first()).toBeVisible()
  await expect.poll(() => samples(page).locator('li:not(:has(button))').count()).toBe(0)
  expect(await rows(page).count()).toBeLessThan(60)
  await page.getByLabel('Verdict').selectOption('wrong')
  await expect(page.getByText('3,334 samples', { exact: true })).toBeVisible()
  expect(pageErrors).toEqual([])
})

// Contrast depends on the scheme and layout on the size, so two combinations show both of each.
for (const { colorScheme, viewport } of [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 800, height: 600 } },
] as const) {
  test.describe(`${colorScheme}, ${viewport.width}×${viewport.height}`, () => {
    test.use({ colorScheme, viewport })

    test('benchmarks are visible and accessible', async ({ page, server, pageErrors }, info) => {
      const checkView = async (name: string) => {
        await page.screenshot({ path: info.outputPath(`${name}.png`) })
        expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
        await expectAccessible(page)
      }
      await rm(join(server.home, 'benchmarks'), { recursive: true, force: true })
      await openBenchmarks(page, server)
      await expect(page.getByRole('heading', { name: 'No runs yet' })).toBeVisible()
      await checkView('none')
      await writeRuns(server)
      await openBenchmarks(page, server)
      await expect(page.getByRole('button', { name: /^other/ })).toBeVisible()
      await checkView('runs')
      await page.getByRole('tab', { name: 'DREAM-1K leaderboard' }).click()
      await expect(page.getByRole('row', { name: /Your run small/ })).toBeVisible()
      await checkView('leaderboard')
      await page.getByRole('tab', { name: 'Runs' }).click()
      await page.getByRole('button', { name: /^small/ }).click()
      await expect(rows(page)).toHaveCount(5)
      await checkView('samples')
      await page.getByRole('tab', { name: 'Tables' }).click()
      await expect(page.getByRole('table', { name: 'Accuracy' })).toBeVisible()
      await checkView('tables')
      await page.getByRole('tab', { name: 'Samples' }).click()
      await rows(page)
        .getByRole('button', { name: /DREAM\/youtube-7/ })
        .click()
      await expect(page.getByRole('region', { name: 'Frames the model saw' }).locator('canvas')).toHaveCount(2)
      await expect(page.locator('video')).toBeVisible()
      await checkView('sample')
      await page.getByRole('button', { name: 'Close the sample' }).click()
      await page.getByLabel('Compare with another run').selectOption({ label: 'Compare with other' })
      await expect(rows(page).first()).toContainText('A square.')
      await checkView('beside')
      await rows(page)
        .getByRole('button', { name: /DREAM\/youtube-7/ })
        .click()
      await expect(page.getByRole('region', { name: 'Frames the model saw' }).locator('canvas')).toHaveCount(2)
      await checkView('sample-beside')
      expect(pageErrors).toEqual([])
    })
  })
}
