import { expect, type Page } from '@playwright/test'
import { loadCatalogue } from '../../src/shared/catalogues.ts'
import { languageNames, languages } from '../../src/shared/language.ts'
import { ANSWER_MS, dropFiles, forgetExample, serviceOf, settled, testWithHome } from './helpers/app.ts'

/** With its own library: the names that other tests write are English. */
const test = testWithHome()

/** The smallest window that all views are drawn for. */
const viewport = { width: 800, height: 600 }
/** Elements with commands, code and the texts of other authors. */
const written = 'code, kbd, pre, [translate="no"]'
/** The conversation about the example, and names. */
const spoken = [
  'Describe the video in detail.',
  'A blue square spins. The background is white.',
  'Tarsier Desktop',
  'Hugging Face',
  'Apache License',
  'ONNX Runtime',
]

for (const language of languages) {
  test.describe(languageNames[language], () => {
    test.use({ locale: language, viewport })

    test('every view has its texts, and all fit', async ({ page, server }, info) => {
      test.slow()
      const catalogue = await loadCatalogue(language)
      /** A text as the page shows it in this language. */
      const shown = (english: string) => catalogue[english] ?? english
      const checkView = async (name: string) => {
        await settled(page)
        await page.screenshot({ path: info.outputPath(`${language}-${name}.png`) })
        expect.soft(await overflowing(page), `${name}: texts that do not fit`).toEqual([])
        if (language !== 'en') expect.soft(await englishTexts(page), `${name}: English texts`).toEqual([])
      }
      await forgetExample(server)
      await page.goto(server.tarsier.address)
      await expect(page.locator('html')).toHaveAttribute('lang', language)
      await expect(page.getByRole('button', { name: shown('A blue square spins.') })).toBeVisible()
      await checkView('start')

      await page.getByRole('button', { name: shown('A blue square spins.') }).click()
      await expect(page.getByRole('article')).toHaveCount(1, { timeout: ANSWER_MS })
      await expect(page.getByRole('button', { name: shown('Stop (Esc)') })).toHaveCount(0, { timeout: ANSWER_MS })
      await checkView('clip')
      for (const [index, tab] of ['conversation', 'events', 'frames', 'check'].entries()) {
        await page.getByRole('tab').nth(index).click()
        await checkView(tab)
      }
      await page.getByRole('button', { name: shown('Settings'), exact: true }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
      await checkView('settings')
      await page.keyboard.press('Escape')

      for (const view of ['library', 'batches', 'models', 'benchmarks', 'help']) {
        await page.goto(`${server.tarsier.origin}/#/${view}`)
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
        await checkView(view)
      }
      for (const [index] of (await page.getByRole('tab').all()).entries()) {
        await page.getByRole('tab').nth(index).click()
        await checkView(`help-${index + 1}`)
      }
      await page.keyboard.press('?')
      await expect(page.getByRole('dialog')).toBeVisible()
      await checkView('keys')
    })
  })
}

test('the language is chosen in the settings and kept', async ({ page, server }) => {
  const { handle } = await serviceOf(server).clips.openExample({ name: 'blue-square-spins.mp4' })
  await page.goto(server.tarsier.address)
  await page.goto(`${server.tarsier.origin}/#/clip/${handle}`)
  await page.getByRole('button', { name: 'Settings', exact: true }).click()
  await page.getByLabel('Language', { exact: true }).selectOption('简体中文')
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')
  await page.getByRole('button', { name: '设置', exact: true }).click()
  await page.getByLabel('语言', { exact: true }).selectOption('English')
  await expect(page.getByRole('button', { name: 'Settings', exact: true })).toBeVisible()
})

test('errors of the service are shown in the language of the page', async ({ browser, server }) => {
  const context = await browser.newContext({ locale: 'zh-CN', viewport })
  const page = await context.newPage()
  await page.goto(server.tarsier.address)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await dropFiles(page, [{ name: 'empty.mp4', bytes: Buffer.alloc(0) }])
  const alert = page.getByRole('alert')
  await expect(alert).toBeVisible()
  await expect(alert).toHaveText(/[一-鿿]{4}/)
  await expect(alert).not.toHaveText(/[A-Za-z]{3,} [A-Za-z]{2,}/)
  await context.close()
})

/** Visible texts that are cut off, or that reach beyond their button or the window. Paths and names that may be of any length are cut on purpose. */
function overflowing(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
    if (wide > 0) faults.push(`the page is ${wide} pixels wider than the window`)
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('.truncate, .sr-only')) continue
      const control = element.matches('button, [role="tab"], label, h1, h2, h3, th')
      const own = [...element.childNodes].some(({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && textContent?.trim())
      if (!control && !own) continue
      const { left, right, width } = element.getBoundingClientRect()
      if (width <= 1) continue
      const text = `“${(element.textContent ?? '').trim().slice(0, 60)}”`
      if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && getComputedStyle(element).overflowX !== 'auto')
        faults.push(`${text} is ${element.scrollWidth} pixels wide in ${element.clientWidth}`)
      else if ((left < -1 || right > window.innerWidth + 1) && !element.closest('[style*="translate"], .overflow-x-auto'))
        faults.push(`${text} reaches beyond the window`)
    }
    return [...new Set(faults)]
  })
}

/** Visible texts and accessible names with at least two English words in a row.  */
function englishTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(
    ({ written, spoken }) => {
      const found = new Set<string>()
      const check = (text: string | null | undefined) => {
        const rest = spoken.reduce((left, known) => left.replaceAll(known, ''), text ?? '').replace(/"tarsier \w+"/g, '')
        if (text && /[A-Za-z]{2,} [A-Za-z]{2,}/.test(rest)) found.add(text.trim().replace(/\s+/g, ' ').slice(0, 120))
      }
      for (const element of document.querySelectorAll<HTMLElement>('body *')) {
        if (!element.checkVisibility() || element.closest(written)) continue
        for (const { nodeType, textContent } of element.childNodes) if (nodeType === Node.TEXT_NODE) check(textContent)
        for (const name of ['aria-label', 'title', 'placeholder', 'aria-description']) check(element.getAttribute(name))
      }
      return [...found]
    },
    { written, spoken },
  )
}
