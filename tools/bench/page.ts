import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from '@playwright/test'
import playwright from '../../playwright.config.ts'
import { findChromium } from '../../scripts/find-chromium.mjs'
import { Library } from '../../src/library/library.ts'
import { examples } from '../../src/shared/examples.ts'
import { Tarsier } from '../../test/e2e/helpers/tarsier.ts'
import { median } from './measure.ts'
import { type AnswerTimes, timeAnswer } from './page-clocks.ts'
import { fillLibrary } from './page-library.ts'
import type { Motion } from './page-motion.ts'
import { scrollLists } from './page-scrolling.ts'
import { addLongClip, moveTimeline } from './page-timeline.ts'
import type { BenchOptions, Measured, Skipped } from './section.ts'

const BUILT = fileURLToPath(new URL('../../out/renderer/index.html', import.meta.url))
/** Target: maximum milliseconds from the click to the first words, with nothing loaded yet. */
const AIM = 1500
/** Maximum milliseconds between two frames without a visible pause. */
const SMOOTH = 50
/** Least frames per second while something is moved. */
const FLUENT = 30
const SIZE = { entries: 10_000, turns: 1000 } as const

interface Round {
  readonly cold: AnswerTimes
  readonly warm: AnswerTimes
}

/** Measures the page under real conditions: Chromium, `tarsier serve` with its own home folder, and the demo model. */
export async function measurePage(options: BenchOptions): Promise<Measured | Skipped> {
  if (!existsSync(BUILT)) return { skipped: 'the page is not built; "npm run build" does it.' }
  if (!findChromium()) {
    return { skipped: 'no Chromium was found. "npx playwright install chromium" fetches one, or PLAYWRIGHT_CHROMIUM names its program.' }
  }
  const browser = await chromium.launch(playwright.use?.launchOptions)
  try {
    const rounds: Round[] = []
    for (let round = 0; round < options.rounds; round++) rounds.push(await withHome(options.cache, (home) => oneRound(browser, home)))
    const motions = await withHome(options.cache, (home) => allMotions(browser, home))
    return reported(rounds, motions, browser.version())
  } finally {
    await browser.close()
  }
}

async function withHome<T>(cache: string, work: (home: string) => Promise<T>): Promise<T> {
  await mkdir(cache, { recursive: true })
  const home = await mkdtemp(join(cache, 'home-'))
  try {
    return await work(home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Measures the first click after the server's start, and a click on another example after that answer. */
async function oneRound(browser: Browser, home: string): Promise<Round> {
  const [first, second] = examples
  if (!second) throw new RangeError('two examples are needed')
  // Otherwise the page has the model loaded before the click.
  {
    using library = new Library(home)
    library.settings.set({ loadInAdvance: false })
  }
  const tarsier = await Tarsier.start(home)
  try {
    const page = await browser.newPage()
    try {
      return {
        cold: await answerTo(page, tarsier.address, first.title),
        warm: await answerTo(page, tarsier.address, second.title),
      }
    } finally {
      await page.close()
    }
  } finally {
    await tarsier.stop()
  }
}

/** Moves long lists, and the timeline of a long clip. */
async function allMotions(browser: Browser, home: string): Promise<Motion[]> {
  await fillLibrary(home, SIZE)
  await addLongClip(home)
  const tarsier = await Tarsier.start(home)
  try {
    const page = await browser.newPage()
    const openLibrary = () => page.getByRole('navigation').getByRole('button', { name: 'Library' }).click()
    try {
      await page.goto(tarsier.address)
      await openLibrary()
      const lists = await scrollLists(page, SIZE)
      await openLibrary()
      return [...lists, ...(await moveTimeline(page))]
    } finally {
      await page.close()
    }
  } finally {
    await tarsier.stop()
  }
}

async function answerTo(page: Page, address: string, title: string): Promise<AnswerTimes> {
  await page.goto(address)
  const example = page.getByRole('button', { name: title })
  await example.waitFor()
  const [times] = await Promise.all([page.evaluate(timeAnswer), example.click()])
  return times
}

function reported(rounds: readonly Round[], motions: readonly Motion[], chromiumVersion: string): Measured {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick))
  const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`
  const cold = of((round) => round.cold.first)
  return {
    columns: ['', 'first words', 'whole answer', 'frames a second', 'between frames, longest', 'CPU a frame'],
    rows: [
      ['the first example after the server’s start', seconds(cold), seconds(of((round) => round.cold.whole)), '', '', ''],
      ['another example after it', seconds(of((round) => round.warm.first)), seconds(of((round) => round.warm.whole)), '', '', ''],
      ...motions.map((motion) => [
        motion.what,
        '',
        '',
        framesPerSecond(motion).toFixed(1),
        `${Math.max(...motion.between).toFixed(1)} ms`,
        `${(motion.cpu / motion.between.length).toFixed(1)} ms`,
      ]),
    ],
    notes: [
      `Chromium ${chromiumVersion} without a window or GPU at 1280×720, on the same machine as the server; times begin at the click and end with the frame that shows it.`,
      'The first click comes as soon as the examples can be clicked; no model is loaded then, because loading in advance is off. The system has the program’s files in memory from the rounds before.',
      'CPU time is that of the page’s main thread, which other programs of the machine change little.',
      ...motions.map(
        ({ what, between, steps }) =>
          `${what}: ${steps} movements, ${between.length} frames, ${between.filter((each) => each > SMOOTH).length} of them more than ${SMOOTH} ms after the one before.`,
      ),
    ],
    targets: [
      { what: `the first words at most ${AIM / 1000} s after the first click`, met: cold <= AIM },
      ...motions.flatMap((motion) => [
        { what: `no more than ${SMOOTH} ms between two frames while ${motion.what}`, met: Math.max(...motion.between) <= SMOOTH },
        { what: `at least ${FLUENT} frames a second while ${motion.what}`, met: framesPerSecond(motion) >= FLUENT },
      ]),
    ],
    data: { chromium: chromiumVersion, rounds, motions },
  }
}

function framesPerSecond({ between }: Motion): number {
  return (1000 * between.length) / between.reduce((sum, each) => sum + each, 0)
}
