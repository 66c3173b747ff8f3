import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@playwright/test'
import { ANSWER_MS, answered, turns } from './helpers/app.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = ['blue-square-spins.mp4', 'red-circle-right-then-grows.mp4'].map((name) => join(root, 'resources/examples', name))

let home: string
let child: ChildProcess | null = null
test.beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-start-'))
})
test.afterEach(async () => {
  if (child?.exitCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGINT')
    await exited
  }
  await rm(home, { recursive: true, force: true })
})

/** Runs `npm start -- FILE…` or `npm run dev -- FILE…` without a window, and opens the printed address. */
async function run(script: 'start' | 'dev', files: readonly string[]): Promise<string> {
  const env = { ...process.env, TARSIER_HOME: home, ELECTRON_OVERRIDE_DIST_PATH: '/nowhere' }
  const spawned = spawn(process.execPath, [join(root, 'scripts', `${script}.mjs`), ...files], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = spawned
  let output = ''
  for (const stream of [spawned.stdout, spawned.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const address = () => /(?:Tarsier|The page) is at (\S+)/.exec(output)?.[1]
  await expect.poll(() => address() ?? output, { timeout: ANSWER_MS }).toMatch(/^http/)
  expect(output).toContain('The window needs Electron, which is not installed.')
  return address() ?? ''
}

test('npm start -- FILE opens and describes the clip in the page', async ({ page }) => {
  test.slow()
  await page.goto(await run('start', examples.slice(0, 1)))
  await answered(page, 1)
  await expect(turns(page).first()).toContainText(/square/i)
  // The clip was opened once; the address does not open it again.
  expect(new URL(page.url()).hash).toBe('')
})

test('asks whether several files become a batch', async ({ page }) => {
  await page.goto(await run('start', examples))
  await expect(page.getByRole('dialog', { name: 'Describe 2 files?' })).toBeVisible()
})

test('npm run dev -- FILE runs from the sources, and the page reloads on changes', async ({ page }) => {
  test.slow()
  const pageErrors: string[] = []
  const output: string[] = []
  page.on('console', (message) => void (message.type() === 'error' ? pageErrors : output).push(message.text()))
  await page.goto(await run('dev', examples.slice(0, 1)))
  await answered(page, 1)
  expect(pageErrors).toEqual([])
  expect(output).toContain('[vite] connected.')
})
