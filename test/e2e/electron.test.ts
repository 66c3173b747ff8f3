import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { _electron, type ElectronApplication, expect, type Page, test } from '@playwright/test'
import { electronProgram, windowProblem } from '../../scripts/program.mjs'
import { ANSWER_MS, answered, turns } from './helpers/app.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const clip = join(root, 'resources/examples/blue-square-spins.mp4')
const problem = existsSync(join(root, 'out/main/index.js')) ? windowProblem() : 'The shell is not built.'

// Workers load this file too; the reason is to be read once.
// biome-ignore lint/suspicious/noConsole: why nothing of this runs belongs in the report.
if (problem !== null && process.env.TEST_WORKER_INDEX === undefined) console.log(`The tests of Electron’s window are skipped. ${problem}`)

test.describe('the window', () => {
  // biome-ignore lint/suspicious/noSkippedTests: run wherever Electron's program is.
  test.skip(problem !== null, problem ?? '')
  test.slow()

  let home: string
  let app: ElectronApplication
  let page: Page
  test.beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tarsier-window-'))
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    app = await _electron.launch({
      executablePath: electronProgram(),
      args: [...asRoot, `--user-data-dir=${join(home, 'shell')}`, root, clip],
      env: { ...process.env, TARSIER_HOME: home } as Record<string, string>,
    })
    page = await app.firstWindow()
  })
  test.afterEach(async () => {
    await app.close()
    await rm(home, { recursive: true, force: true })
  })

  test('opens the file of its command line, describes it and plays it from clip://', async () => {
    await answered(page, 1)
    await expect(turns(page).first()).toContainText(/square/i)
    const video = page.locator('video')
    await expect(video).toHaveAttribute('src', /^clip:\/\/tarsier\/clips\//)
    await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.readyState)).toBeGreaterThanOrEqual(2)
    await video.evaluate((element: HTMLVideoElement) => (element.currentTime = element.duration / 2))
    await expect.poll(() => video.evaluate((element: HTMLVideoElement) => element.seeking)).toBe(false)
  })

  test('does not navigate, opens no window and has no Node', async () => {
    await answered(page, 1)
    const before = page.url()
    const found = await page.evaluate(() => ({
      window: window.open('https://example.org/') === null,
      node: 'require' in globalThis || 'process' in globalThis,
    }))
    expect(found).toEqual({ window: true, node: false })
    await page.evaluate(() => window.location.assign('https://example.org/'))
    await page.waitForTimeout(500)
    expect(page.url()).toBe(before)
  })

  test('restarts the service after a crash, with the same conversation', async () => {
    await answered(page, 1)
    await app.evaluate(({ app: electron }) => {
      const service = electron.getAppMetrics().find(({ name }) => name === 'Tarsier service')
      if (service) process.kill(service.pid, 'SIGKILL')
    })
    const question = page.getByRole('textbox', { name: 'Your question' })
    await question.fill('What color is it?')
    await question.press('Enter')
    await expect(turns(page)).toHaveCount(2, { timeout: ANSWER_MS })
    await answered(page, 2)
  })
})
