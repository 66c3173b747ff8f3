import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { test as base, expect, type Locator, type Page } from '@playwright/test'
import { Tarsier } from './tarsier.ts'

/** On two busy cores, a first answer may take long. Tests assert what appears, not when. */
export const ANSWER_MS = 180_000

interface PlaceOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly fill?: (home: string) => void
}

/** Options of a server that the tests start. */
export class Place {
  readonly home: string
  readonly #env: Readonly<Record<string, string>>
  #tarsier: Tarsier

  private constructor(home: string, env: Readonly<Record<string, string>>, tarsier: Tarsier) {
    this.home = home
    this.#env = env
    this.#tarsier = tarsier
  }

  /** `fill` may change the home folder before the server starts. */
  static async open({ env = {}, fill }: PlaceOptions = {}): Promise<Place> {
    const home = await mkdtemp(join(tmpdir(), 'tarsier-e2e-'))
    fill?.(home)
    return new Place(home, env, await Tarsier.start(home, env))
  }

  get tarsier(): Tarsier {
    return this.#tarsier
  }

  /** `meanwhile` may change the home folder while the server is stopped. */
  async restart(meanwhile?: (home: string) => void): Promise<void> {
    await this.#tarsier.stop()
    meanwhile?.(this.home)
    this.#tarsier = await Tarsier.start(this.home, this.#env)
  }

  async close(): Promise<void> {
    await this.#tarsier.stop()
    await rm(this.home, { recursive: true, force: true })
  }
}

interface Given {
  /** Requests of the page to other servers than its own. */
  readonly strangers: string[]
  /** Errors that the page reported. */
  readonly trouble: string[]
}

/** A test with a server whose home folder is filled before its start. */
export function testIn(fill?: (home: string) => void) {
  return base.extend<Given, { place: Place }>({
    place: [
      // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
      async ({}, use) => {
        const place = await Place.open({ ...(fill && { fill }) })
        await use(place)
        await place.close()
      },
      { scope: 'worker', timeout: ANSWER_MS },
    ],
    strangers: [
      async ({ page, place }, use) => {
        const strangers: string[] = []
        page.on('request', (request) => {
          if (new URL(request.url()).hostname !== new URL(place.tarsier.address).hostname) strangers.push(request.url())
        })
        await use(strangers)
        expect(strangers).toEqual([])
      },
      { auto: true },
    ],
    trouble: async ({ page }, use) => {
      const trouble: string[] = []
      page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && trouble.push(message.text())))
      page.on('pageerror', (error) => void trouble.push(error.message))
      await use(trouble)
      expect(trouble).toEqual([])
    },
  })
}

export const test = testIn()

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Your question' })
export const turns = (page: Page): Locator => page.getByRole('article', { name: /^Question \d/ })
export const room = (page: Page, name: string): Locator => page.getByRole('navigation').getByRole('button', { name })

/** Opens the page with the list of examples. */
export async function openPage(page: Page, place: Place): Promise<void> {
  await page.goto(place.tarsier.address)
  await expect(page.getByRole('button', { name: 'A blue square spins.' })).toBeVisible()
}

/** Waits until no answer is running, and there are this many turns. */
export async function answered(page: Page, count: number): Promise<void> {
  await expect(turns(page)).toHaveCount(count, { timeout: ANSWER_MS })
  await expect(page.getByRole('button', { name: 'Stop (Esc)' })).toHaveCount(0, { timeout: ANSWER_MS })
}

/** Opens the first example, and waits for its description. */
export async function openExample(page: Page, place: Place): Promise<void> {
  await openPage(page, place)
  await page.getByRole('button', { name: 'A blue square spins.' }).click()
  await answered(page, 1)
}

/** Fails when axe finds a serious accessibility problem in the page. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([])
}

/** Drops files on the page, as a user does with the pointer. */
export async function dropFiles(page: Page, files: readonly { readonly name: string; readonly bytes: Buffer }[]): Promise<void> {
  const data = await page.evaluateHandle(
    (given) => {
      const transfer = new DataTransfer()
      for (const { name, base64 } of given) {
        transfer.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name))
      }
      return transfer
    },
    files.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') })),
  )
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: data })
  await page.dispatchEvent('body', 'drop', { dataTransfer: data })
}
