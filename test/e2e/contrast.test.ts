import { expect, type Page } from '@playwright/test'
import { ANSWER_MS, answered, composer, navigationButton, openPage, test, turns } from './helpers/app.ts'
import { closeSettings, openSettings, setFrames, showTab } from './helpers/controls.ts'

test.beforeEach(() => test.slow())

interface Measured {
  /** What has too little contrast, or is too small. */
  readonly faults: readonly string[]
  /** Names of the measured elements. */
  readonly names: readonly string[]
}

/**
 * Measures all visible texts (a contrast of at least 4.5, or 3 for large ones), icons and edges of fields (3) with the grounds behind them, and the sizes of
 * texts (12 pixels). What is switched off needs no contrast, as in WCAG. Texts over the video are left out, because their ground is the clip.
 */
async function measure(page: Page): Promise<Measured> {
  return page.evaluate(() => {
    type Colour = readonly [number, number, number, number]
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('no canvas')
    const known = new Map<string, Colour>()
    /** Red, green and blue from 0 to 255, and alpha from 0 to 1, of any colour that CSS knows. */
    const colourOf = (css: string): Colour => {
      const found = known.get(css)
      if (found) return found
      context.clearRect(0, 0, 1, 1)
      context.fillStyle = css
      context.fillRect(0, 0, 1, 1)
      const [r = 0, g = 0, b = 0, a = 0] = context.getImageData(0, 0, 1, 1).data
      const colour = [r, g, b, a / 255] as const
      known.set(css, colour)
      return colour
    }
    const over = ([r, g, b, a]: Colour, [r2, g2, b2]: Colour): Colour => [
      r * a + r2 * (1 - a),
      g * a + g2 * (1 - a),
      b * a + b2 * (1 - a),
      1,
    ]
    const luminance = ([r, g, b]: Colour) => {
      const linear = (value: number) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }
    const contrast = (one: Colour, other: Colour) => {
      const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
      return (light + 0.05) / (dark + 0.05)
    }
    const groundOf = (element: Element | null): Colour => {
      if (!element) return colourOf('white')
      const ground = colourOf(getComputedStyle(element).backgroundColor)
      return ground[3] === 1 ? ground : over(ground, groundOf(element.parentElement))
    }
    const opacityOf = (element: Element | null): number =>
      element ? Number(getComputedStyle(element).opacity) * opacityOf(element.parentElement) : 1
    const isShown = (element: Element) => {
      const { width, height } = element.getBoundingClientRect()
      return width > 1 && height > 1 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    }
    const isOff = (element: Element) =>
      element.closest(':disabled, [aria-disabled="true"], [aria-hidden="true"] [aria-disabled="true"]') !== null
    const faults: string[] = []
    const names: string[] = []
    const check = (element: Element, colour: string, ground: Colour, least: number, what: string) => {
      const [r, g, b, a] = colourOf(colour)
      const found = contrast(over([r, g, b, a * opacityOf(element)], ground), ground)
      names.push(what)
      // Colours have whole numbers, so that a contrast is rounded too.
      if (found < least - 0.01) faults.push(`${what}: ${found.toFixed(2)} instead of ${least}`)
    }
    for (const element of document.querySelectorAll('body *')) {
      if (!isShown(element) || isOff(element) || element.closest('.stage-picture, option, canvas')) continue
      const style = getComputedStyle(element)
      const { fontSize, fontWeight } = style
      const isEmpty = element instanceof HTMLInputElement && element.value === ''
      const { color } = isEmpty ? getComputedStyle(element, '::placeholder') : style
      const size = Number.parseFloat(fontSize)
      if (element instanceof SVGElement) {
        if (element.tagName !== 'svg') continue
        const control = element.closest('button, a, label, [role]')
        check(element, color, groundOf(element.parentElement), 3, `icon of “${control?.ariaLabel ?? control?.textContent ?? ''}”`)
        continue
      }
      const field = element.matches('input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select')
      const text = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ textContent }) => textContent)
      const own = field ? (element as HTMLInputElement).value || (element as HTMLInputElement).placeholder || '' : text.join('').trim()
      if (own !== '') {
        const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700)
        check(element, color, groundOf(element), isLarge ? 3 : 4.5, `“${own.slice(0, 40)}”`)
        if (size < 12) faults.push(`“${own.slice(0, 40)}” has ${fontSize}`)
      }
      if (field && Number.parseFloat(style.borderTopWidth) > 0 && colourOf(style.borderTopColor)[3] > 0)
        check(element, style.borderTopColor, groundOf(element.parentElement), 3, `edge of “${element.ariaLabel ?? own}”`)
    }
    return { faults, names }
  })
}

test('texts, icons and fields have enough contrast in both schemes', async ({ page, server }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const faults: string[] = []
  const seen = new Set<string>()
  const walk = async (view: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      let measured = await measure(page)
      // Colours of another scheme take some frames to arrive everywhere; what is wrong stays wrong.
      for (let attempt = 0; attempt < 10 && measured.faults.length > 0; attempt++) {
        await page.waitForTimeout(100)
        measured = await measure(page)
      }
      expect(measured.names.length).toBeGreaterThan(10)
      faults.push(...measured.faults.map((fault) => `${view}, ${colorScheme}: ${fault}`))
      for (const name of measured.names) seen.add(name)
    }
  }
  await openPage(page, server)
  await walk('start')
  // An example whose events have times.
  await page.getByRole('button', { name: 'A green triangle moves up while a yellow star moves down.' }).click()
  await answered(page, 1)
  await turns(page).first().getByRole('button', { name: 'Show times' }).click()
  await expect(turns(page).first().getByRole('link').first()).toBeVisible({ timeout: ANSWER_MS })
  await turns(page).first().getByRole('button', { name: 'Shade words by support' }).click()
  await page.getByRole('button', { name: 'Details' }).click()
  await page.getByRole('textbox', { name: 'Range start' }).fill('1')
  await page.getByRole('textbox', { name: 'Range start' }).press('Enter')
  await walk('conversation')
  for (const tab of ['Events', 'Frames', 'Check'] as const) {
    await showTab(page, tab)
    await walk(tab)
  }
  await openSettings(page)
  await expect(page.getByText('Clip tokens')).toBeVisible()
  await walk('settings')
  await closeSettings(page)
  for (const view of ['Library', 'Batches', 'Models', 'Benchmarks', 'Help']) {
    await navigationButton(page, view).click()
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await walk(view)
  }
  await navigationButton(page, 'Clip').click()
  await showTab(page, 'Conversation')
  await page.getByRole('button', { name: 'Use the whole clip' }).click()
  // As many frames as the model takes, so that the answer lasts.
  await setFrames(page, 64)
  await composer(page).fill('What happens?')
  await composer(page).press('Enter')
  await expect(page.getByRole('button', { name: 'Stop (Esc)' })).toBeVisible()
  await walk('answer')
  expect(seen).toContain('icon of “Stop (Esc)”')
  await page.getByRole('button', { name: 'Stop (Esc)' }).click()
  await answered(page, 2)
  await setFrames(page, null)
  expect(faults).toEqual([])
})
