import { expect } from '@playwright/test'
import type { Bridge } from '../../src/shared/bridge.ts'
import type { UpdateCommand, UpdateState } from '../../src/shared/updates.ts'
import { expectAccessible, navigationButton, openPage, testWithHome } from './helpers/app.ts'

const test = testWithHome()

/** The shell's part, which decides what comes next; `test/unit/main/updates.test.ts` tests the real one. */
function shellStandIn() {
  const update = { version: '9.9.9', bytes: 300_000_000, byHand: null }
  let state: UpdateState = { unavailable: null, allowed: false, progress: { kind: 'unknown' } }
  const answers: Partial<Record<UpdateCommand, Partial<UpdateState>>> = {
    allow: { allowed: true },
    refuse: { allowed: false },
    check: { progress: { kind: 'found', update } },
    download: { progress: { kind: 'ready', update } },
    install: { progress: { kind: 'failed', error: { code: 'update-failed', message: 'The installer cannot be started.' } } },
  }
  const bridge: Pick<Bridge, 'updates'> = {
    updates: async (command) => {
      state = { ...state, ...answers[command] }
      return state
    },
  }
  Object.assign(window, { tarsier: bridge })
}

test('updates are off at first, found on request, downloaded and installed each by a click', async ({ page, server, pageErrors }) => {
  await openPage(page, server)
  await navigationButton(page, 'Help').click()
  await expect(page.getByText('Data folder:')).toBeVisible()
  // A page that a server sends has no updates.
  await expect(page.getByRole('region', { name: 'Updates' })).toHaveCount(0)

  await page.evaluate(shellStandIn)
  await page.getByRole('tab', { name: 'Logs' }).click()
  await page.getByRole('tab', { name: 'About' }).click()
  const section = page.getByRole('region', { name: 'Updates' })
  const allowed = section.getByRole('checkbox', { name: 'Look for a new version once a day' })
  await expect(allowed).not.toBeChecked()
  await allowed.check()
  await expect(allowed).toBeChecked()
  await section.getByRole('button', { name: 'Look now' }).click()
  await expect(section.getByText('Version 9.9.9 is available.')).toBeVisible()
  await expectAccessible(page)
  await section.getByRole('button', { name: 'Download (300 MB)' }).click()
  await section.getByRole('button', { name: 'Install and restart' }).click()
  await expect(section.getByText('The installer cannot be started.')).toBeVisible()
  expect(pageErrors).toEqual([])
})
