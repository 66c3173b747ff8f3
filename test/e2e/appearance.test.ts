import { expect } from '@playwright/test'
import { expectAccessible, navigationButton, openExample, openPage, test } from './helpers/app.ts'
import { closeSettings, openSettings, showTab } from './helpers/controls.ts'

/** Contrast depends on the scheme and layout on the size, so two combinations show both of each. */
const appearances = [
  { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { colorScheme: 'dark', viewport: { width: 420, height: 800 } },
] as const
const views = [
  { name: 'Library', heading: 'Library' },
  { name: 'Batches', heading: 'Batches' },
  { name: 'Models', heading: 'Models' },
  { name: 'Help', heading: 'Help' },
] as const

for (const { colorScheme, viewport } of appearances) {
  test.describe(`${colorScheme}, ${viewport.width}×${viewport.height}`, () => {
    test.use({ colorScheme, viewport })

    test('every view is visible and accessible', async ({ page, server, pageErrors }, info) => {
      test.slow()
      const checkView = async (name: string) => {
        await page.screenshot({ path: info.outputPath(`${name}.png`) })
        expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
        await expectAccessible(page)
      }
      await openPage(page, server)
      await expect(page.getByPlaceholder('Please upload your video first')).toBeDisabled()
      await expect(page.getByText('Demo model: moving shapes only')).toBeVisible()
      await checkView('start')
      await openExample(page, server)
      await expect(page.locator('[data-frame="8"]')).toBeVisible()
      await checkView('clip')
      await showTab(page, 'Frames')
      await expect(page.getByRole('button', { name: /^Frame 8 of 8, at / })).toBeVisible()
      await checkView('frames')
      await openSettings(page)
      await expect(page.getByText('Clip tokens')).toBeVisible()
      await checkView('settings')
      await closeSettings(page)
      for (const { name, heading } of views) {
        await navigationButton(page, name).click()
        await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible()
        await checkView(name.toLowerCase())
      }
      await page.keyboard.press('?')
      await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
      await checkView('keys')
      expect(pageErrors).toEqual([])
    })
  })
}

test('remembers the choice of theme', async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await openPage(page, server)
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await ground()
  await page.getByRole('button', { name: /^Colour theme: system/ }).click()
  const light = await ground()
  expect(light).not.toBe(dark)
  await page.reload()
  await expect(page.getByRole('button', { name: /^Colour theme: light/ })).toBeVisible()
  expect(await ground()).toBe(light)
})

test('runs no inline script, even one that got into the page', async ({ page, server }) => {
  await openPage(page, server)
  const ran = await page.evaluate(async () => {
    const stopped = new Promise((resolve) =>
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective)),
    )
    const script = document.createElement('script')
    script.textContent = 'document.title = "taken over"'
    document.body.append(script)
    return { directive: await stopped, title: document.title }
  })
  expect(ran).toEqual({ directive: 'script-src-elem', title: 'Tarsier Desktop' })
})
