import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
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
async function run(script: 'start' | 'dev', files: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> {
  const env = { ...process.env, TARSIER_HOME: home, CI: '1', ELECTRON_OVERRIDE_DIST_PATH: '/nowhere', ...more }
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
  // The clip was opened once; the address then names it and its conversation.
  expect(new URL(page.url()).hash).toMatch(/^#\/clip\/[\w-]{22}\/[\w-]{22}$/)
})

test('npm start opens the browser, at a free port if the usual one is in use', async ({ page }) => {
  // biome-ignore lint/suspicious/noSkippedTests: other systems have no variable for the browser.
  test.skip(process.platform !== 'linux', 'Only on Linux a variable names the browser.')
  const taken = createServer()
  // In use by another program, or by this one.
  await new Promise<void>((resolve) => taken.once('error', () => resolve()).listen(7860, '127.0.0.1', resolve))
  const browser = join(home, 'browser.sh')
  const opened = join(home, 'opened')
  await writeFile(browser, `#!/bin/sh\necho "$1" > ${opened}\n`, { mode: 0o755 })
  try {
    // A display, so that there is a browser to open. Without the desktop's own files, xdg-open takes the browser of the variable.
    const nothing = { XDG_DATA_DIRS: home, XDG_DATA_HOME: home, XDG_CONFIG_DIRS: home, XDG_CONFIG_HOME: home }
    const address = await run('start', [], { ...nothing, CI: '', DISPLAY: ':0', BROWSER: browser })
    expect(new URL(address).port).not.toBe('7860')
    await expect.poll(() => readFile(opened, 'utf8').catch(() => '')).toBe(`${address}\n`)
    await page.goto(address)
    await expect(page.getByRole('heading', { level: 1, name: 'What happens in your clip?' })).toBeVisible()
  } finally {
    taken.close()
  }
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
