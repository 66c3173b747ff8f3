import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test as base, expect } from '@playwright/test'
import { findPostgres } from '../../scripts/find-postgres.mjs'
import { NO_POSTGRES, Postgres } from '../helpers/postgres.ts'
import { ANSWER_MS, expectAccessible, navigationButton, openPage, TestServer } from './helpers/app.ts'
import { examplePath } from './helpers/clips.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'

const program = fileURLToPath(new URL('../../bin/tarsier.mjs', import.meta.url))
const PASSWORD = 'first secret'

const bin = findPostgres()
const test = base.extend<{ postgres: Postgres; server: TestServer; folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
  postgres: async ({}, use) => {
    // biome-ignore lint/suspicious/noSkippedTests: requires a server.
    test.skip(bin === null, NO_POSTGRES)
    await using postgres = await Postgres.start(bin ?? '')
    await use(postgres)
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
  server: async ({}, use) => {
    const server = await TestServer.open({ env: { PGPASSWORD: PASSWORD } })
    await use(server)
    await server.close()
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'tarsier-queue-'))
    await use(folder)
    await rm(folder, { recursive: true, force: true })
  },
})

test('jobs of a queue are shown with their workers and failures, and are paused, continued and retried', async ({
  page,
  postgres,
  server,
  folder,
}, info) => {
  test.slow()
  await postgres.sql('create database shared')
  const address = `postgres://owner@127.0.0.1:${postgres.port}/shared`
  const tarsier = (...args: string[]) => {
    const env = { ...process.env, TARSIER_QUEUE: address, PGPASSWORD: PASSWORD, TARSIER_HOME: join(folder, 'home') }
    return promisify(execFile)(process.execPath, [program, ...args], { env, timeout: ANSWER_MS })
  }
  const list = join(folder, 'list.txt')
  const examples = ['blue-square-spins.mp4', 'red-circle-right-then-grows.mp4'].map(examplePath)
  await writeFile(list, [...examples, join(folder, 'gone.mp4')].join('\n'))
  await tarsier('jobs', 'submit', list, '--name', 'holiday clips')

  await openPage(page, server)
  await openSettings(page)
  const field = page.getByRole('textbox', { name: 'Queue' })
  await field.fill(`postgres://owner:secret@127.0.0.1:${postgres.port}/shared`)
  await field.press('Enter')
  await expect(page.getByRole('alert')).toHaveText('The address must not contain a password; PGPASSWORD or the file in PGPASSFILE has it.')
  await field.fill(address)
  await field.press('Enter')
  await expect(page.getByRole('alert')).toHaveCount(0)
  await expect(field).toHaveValue(address)
  await closeSettings(page)

  await navigationButton(page, 'Batches').click()
  await expect(page.getByText('Descriptions with demo · 0 of 3 clips done')).toBeVisible()
  await page.getByRole('button', { name: 'Pause holiday clips' }).click()
  await expect(page.getByText('Descriptions with demo · 0 of 3 clips done · paused')).toBeVisible()
  await page.getByRole('button', { name: 'Resume holiday clips' }).click()
  await expect(page.getByRole('button', { name: 'Pause holiday clips' })).toBeVisible()

  await tarsier('worker', '--drain', '--device', 'cpu')
  await expect(page.getByText(/^Descriptions with demo · 2 of 3 clips done · 1 failed/)).toBeVisible()
  await page.getByRole('button', { name: /^holiday clips/ }).click()
  await expect(page.getByRole('list', { name: 'Workers of holiday clips' })).toContainText('ended · 2 done · 1 failed')
  await expect(page.getByRole('list', { name: 'Failures of holiday clips' })).toContainText('1 failure with file-missing')
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('queue.png') })

  await postgres.stop()
  await expect(page.getByText('The queue cannot be read')).toBeVisible()
  await expect(page.getByText(/2 of 3 clips done/)).toBeVisible()
  await postgres.run()
  await expect(page.getByText('The queue cannot be read')).toHaveCount(0)

  await page.getByRole('button', { name: 'Retry these' }).click()
  await expect(page.getByText('Descriptions with demo · 2 of 3 clips done', { exact: false })).not.toContainText('failed')
})
