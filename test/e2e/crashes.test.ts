import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import type { CrashReport } from '../../src/shared/crash-report.ts'
import { expectAccessible, navigationButton, openPage, testWithHome } from './helpers/app.ts'

const report: CrashReport = {
  id: 'engine-report',
  time: Date.UTC(2026, 10, 30, 12),
  process: 'engine',
  reason: 'SIGSEGV',
  stack: '',
  output: 'cannot read /mnt/my films/cat.mp4',
  version: '1.2.3',
  platform: 'linux x64 6.1',
  node: '22.1.0',
}
const test = testWithHome((home) => {
  mkdirSync(join(home, 'crashes'))
  for (const id of ['one', 'two']) writeFileSync(join(home, 'crashes', `${id}.json`), JSON.stringify({ ...report, id }))
})

test('crash reports are listed, exported without paths or with them, and deleted', async ({ page, server, pageErrors }) => {
  await openPage(page, server)
  await navigationButton(page, 'Help').click()
  await page.getByRole('tab', { name: 'Crash reports' }).click()
  const cards = page.getByRole('tabpanel').getByRole('listitem')
  await expect(cards).toHaveCount(2)
  await expect(cards.first()).toContainText('engine: SIGSEGV')
  await cards.first().getByText('Details').click()
  await expect(cards.first()).toContainText('my films')
  await expectAccessible(page)

  const exported = async () => {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    return readFileSync(await (await download).path(), 'utf8')
  }
  const without = await exported()
  expect(without).toContain('SIGSEGV')
  expect(without).not.toContain('films')
  await page.getByRole('checkbox', { name: 'Include file paths and names of clips in the export' }).check()
  expect(await exported()).toContain('/mnt/my films/cat.mp4')

  await cards.first().getByRole('button', { name: 'Delete the report' }).click()
  await expect(cards).toHaveCount(1)
  await page.getByRole('button', { name: 'Delete all' }).click()
  await expect(page.getByText('Nothing has crashed.')).toBeVisible()
  expect(pageErrors).toEqual([])
})
