import { test as base, expect } from '@playwright/test'
import sharp from 'sharp'
import { type PageServer, servePage } from '../helpers/page-server.ts'

const test = base.extend<{ trouble: string[] }, { server: PageServer }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
    async ({}, use) => {
      const server = await servePage()
      await use(server)
      await server.close()
    },
    { scope: 'worker' },
  ],
  /** What the page complained of. */
  trouble: async ({ page }, use) => {
    const trouble: string[] = []
    page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && trouble.push(message.text())))
    page.on('pageerror', (error) => void trouble.push(error.message))
    page.on('requestfailed', (request) => void trouble.push(request.url()))
    await use(trouble)
  },
})

test('says what it is, what to type, and what the demo model is', async ({ page, server, trouble }) => {
  await page.goto(server.url)
  await expect(page).toHaveTitle('Tarsier Desktop')
  await expect(page.getByRole('heading', { level: 1, name: 'Tarsier Desktop' })).toBeVisible()
  await expect(page.getByText('npm start -- my-clip.mp4')).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Demo model: moving shapes only' })).toBeVisible()
  await expect(page.locator('header')).toContainText('In a browser')
  expect(trouble).toEqual([])
})

test('runs no inline script, even one that got into the page', async ({ page, server }) => {
  await page.goto(server.url)
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

test('light and dark, as the system has it and as chosen, remembered', async ({ page, server, trouble }, info) => {
  const look = async (name: string) => {
    const png = await page.screenshot({ path: info.outputPath(`${name}.png`), fullPage: true })
    const { channels } = await sharp(png).greyscale().stats()
    return { mean: channels[0]?.mean ?? 0, spread: channels[0]?.stdev ?? 0 }
  }
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto(server.url)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  const dark = await look('dark')
  await page.getByText('light', { exact: true }).click()
  const light = await look('light')
  expect(dark.mean).toBeLessThan(60)
  expect(light.mean).toBeGreaterThan(200)
  expect(Math.min(dark.spread, light.spread)).toBeGreaterThan(8)

  await page.reload()
  await expect(page.getByRole('radio', { name: 'light' })).toBeChecked()
  expect(trouble).toEqual([])
})

test('fits a narrow window', async ({ page, server }, info) => {
  await page.setViewportSize({ width: 480, height: 420 })
  await page.goto(server.url)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.screenshot({ path: info.outputPath('narrow.png'), fullPage: true })
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
})
