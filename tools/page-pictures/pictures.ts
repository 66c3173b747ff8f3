import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from '@playwright/test'
import sharp from 'sharp'
import playwright from '../../playwright.config.ts'
import { Tarsier } from '../../test/e2e/helpers/tarsier.ts'

/**
 * Takes pictures of the page with the demo model and an example. `npm run pictures` writes those of the README into docs/pictures;
 * `npm run pictures -- FOLDER [LANGUAGE]` writes every view into FOLDER, at four sizes and in both colour schemes; LANGUAGE is the name of a catalogue, such as
 * zh-CN, and defaults to English.
 */
const CLIP = fileURLToPath(new URL('../../resources/examples/red-circle-right-then-grows.mp4', import.meta.url))
const README_FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const ANSWER_MS = 180_000
/** Time for pictures, fonts and transitions after a change of the window. */
const SETTLE_MS = 600

const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
  { width: 800, height: 600 },
  { width: 420, height: 800 },
] as const
const schemes = ['light', 'dark'] as const

interface Look {
  readonly size: { readonly width: number; readonly height: number }
  readonly scheme: (typeof schemes)[number]
}

/** Pictures of the README by view. */
const readme: Readonly<Record<string, readonly Look[]>> = {
  clip: [
    { size: sizes[0], scheme: 'light' },
    { size: sizes[0], scheme: 'dark' },
    { size: sizes[3], scheme: 'light' },
  ],
  settings: [{ size: sizes[0], scheme: 'light' }],
}

const [folder, language] = process.argv.slice(2)
const translations: Readonly<Record<string, string>> =
  language === undefined ? {} : JSON.parse(await readFile(new URL(`../../resources/languages/${language}.json`, import.meta.url), 'utf8'))
const home = await mkdtemp(join(tmpdir(), 'tarsier-pictures-'))
const tarsier = await Tarsier.start(home)
const browser = await chromium.launch(playwright.use?.launchOptions)
try {
  const page = await browser.newPage({ viewport: sizes[0], ...(language !== undefined && { locale: language }) })
  await page.goto(tarsier.address)
  for await (const view of views(page)) await takeAll(page, view)
} finally {
  await browser.close()
  await tarsier.stop()
  await rm(home, { recursive: true, force: true })
}

async function takeAll(page: Page, view: string): Promise<void> {
  const all = schemes.flatMap((scheme) => sizes.map((size): Look => ({ size, scheme })))
  for (const { size, scheme } of folder ? all : (readme[view] ?? [])) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize(size)
    await page.waitForTimeout(SETTLE_MS)
    const png = await page.screenshot()
    const path = join(folder ?? README_FOLDER, `${view}-${scheme}-${size.width}.${folder ? 'png' : 'webp'}`)
    await mkdir(folder ?? README_FOLDER, { recursive: true })
    await (folder ? sharp(png).png() : sharp(png).webp({ quality: 82 })).toFile(path)
  }
  await page.setViewportSize(sizes[0])
}

/** Shows one view after the other, and gives its name. */
async function* views(page: Page): AsyncGenerator<string> {
  await page.getByRole('button', { name: t('A blue square spins.') }).waitFor()
  yield 'start'
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: t('Choose a clip') }).click()
  await (await chooser).setFiles(CLIP)
  await page.getByRole('button', { name: t('Copy the answer') }).waitFor({ timeout: ANSWER_MS })
  await page.getByRole('button', { name: t('Show times') }).click()
  await page.getByRole('button', { name: t('Shade words by support') }).waitFor({ timeout: ANSWER_MS })
  const time = page.getByRole('textbox', { name: t('Time'), exact: true })
  await time.fill('2.7')
  await time.press('Enter')
  await time.blur()
  yield 'clip'
  await page.getByRole('button', { name: t('Settings'), exact: true }).click()
  await page.getByText(t('Clip tokens')).waitFor()
  yield 'settings'
  await page
    .getByRole('dialog', { name: t('Settings') })
    .getByRole('button', { name: t('Close') })
    .click()
  if (!folder) return
  for (const tab of ['Frames', 'Check']) {
    await page.getByRole('tab', { name: t(tab) }).click()
    yield tab.toLowerCase()
  }
  await page.getByRole('tab', { name: t('Events') }).click()
  await page.getByRole('button', { name: t('Find events') }).click()
  await page.getByRole('button', { name: t('Find events again') }).waitFor({ timeout: ANSWER_MS })
  yield 'events'
  for (const view of ['Library', 'Batches', 'Models', 'Benchmarks', 'Help']) {
    await page
      .getByRole('navigation')
      .getByRole('button', { name: t(view) })
      .click()
    yield view.toLowerCase()
  }
}

/** A text of the page in its language. */
function t(text: string): string {
  const translated = translations[text] ?? text
  if (language !== undefined && translated === text) throw new Error(`${language} has no text for "${text}"`)
  return translated
}
