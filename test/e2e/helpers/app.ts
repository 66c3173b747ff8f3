import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import { test as base, expect, type Locator, type Page } from '@playwright/test'
import { RPC_PATH } from '../../../src/shared/contract/addresses.ts'
import type { ServiceClient } from '../../../src/shared/contract/contract.ts'
import { Tarsier } from './tarsier.ts'

/** On two busy cores, a first answer may take long. Tests assert what appears, not when. */
export const ANSWER_MS = 180_000

interface TestServerOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly fill?: (home: string) => void
}

/** `tarsier serve` with its own home folder, which can be restarted. */
export class TestServer {
  readonly home: string
  readonly #env: Readonly<Record<string, string>>
  #tarsier: Tarsier

  private constructor(home: string, env: Readonly<Record<string, string>>, tarsier: Tarsier) {
    this.home = home
    this.#env = env
    this.#tarsier = tarsier
  }

  /** `fill` may change the home folder before the server starts. */
  static async open({ env = {}, fill }: TestServerOptions = {}): Promise<TestServer> {
    const home = await mkdtemp(join(tmpdir(), 'tarsier-e2e-'))
    fill?.(home)
    return new TestServer(home, env, await Tarsier.start(home, env))
  }

  get tarsier(): Tarsier {
    return this.#tarsier
  }

  /** On the same port. `meanwhile` may change the home folder while the server is stopped. */
  async restart(meanwhile?: (home: string) => void): Promise<void> {
    await this.#tarsier.stop()
    meanwhile?.(this.home)
    this.#tarsier = await Tarsier.start(this.home, this.#env, Number(new URL(this.#tarsier.address).port))
  }

  async close(): Promise<void> {
    await this.#tarsier.stop()
    await rm(this.home, { recursive: true, force: true })
  }
}

interface PageFixtures {
  /** Requests of the page to other servers than its own. */
  readonly foreignRequests: string[]
  /** Errors that the page reported. */
  readonly pageErrors: string[]
}

/** A test with a server whose home folder is filled before its start. */
export function testWithHome(fill?: (home: string) => void) {
  return base.extend<PageFixtures, { server: TestServer }>({
    server: [
      // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures a function needs from this pattern.
      async ({}, use) => {
        const server = await TestServer.open({ ...(fill && { fill }) })
        await use(server)
        await server.close()
      },
      { scope: 'worker', timeout: ANSWER_MS },
    ],
    foreignRequests: [
      async ({ page, server }, use) => {
        const foreignRequests: string[] = []
        page.on('request', (request) => {
          if (new URL(request.url()).hostname !== new URL(server.tarsier.address).hostname) foreignRequests.push(request.url())
        })
        await use(foreignRequests)
        expect(foreignRequests).toEqual([])
      },
      { auto: true },
    ],
    pageErrors: async ({ page }, use) => {
      const pageErrors: string[] = []
      page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && pageErrors.push(message.text())))
      page.on('pageerror', (error) => void pageErrors.push(error.message))
      await use(pageErrors)
      expect(pageErrors).toEqual([])
    },
  })
}

export const test = testWithHome()

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Your question' })
export const turns = (page: Page): Locator => page.getByRole('article', { name: /^Question \d/ })
export const navigationButton = (page: Page, name: string): Locator => page.getByRole('navigation').getByRole('button', { name })

/** Opens the page with the list of examples. */
export async function openPage(page: Page, server: TestServer): Promise<void> {
  await page.goto(server.tarsier.address)
  await expect(page.getByRole('button', { name: 'A blue square spins.' })).toBeVisible()
}

/** Waits until no answer is running, and there are this many turns. */
export async function answered(page: Page, count: number): Promise<void> {
  await expect(turns(page)).toHaveCount(count, { timeout: ANSWER_MS })
  await expect(page.getByRole('button', { name: 'Stop (Esc)' })).toHaveCount(0, { timeout: ANSWER_MS })
}

/** The server's contract as a program calls it. */
export function serviceOf({ tarsier }: TestServer): ServiceClient {
  const token = new URL(tarsier.address).searchParams.get('token')
  return createORPCClient(new RPCLink({ url: `${tarsier.origin}${RPC_PATH}`, headers: { authorization: `Bearer ${token}` } }))
}

/** Removes the conversations about the first example: a clip that is opened again goes on with its conversation. */
export async function forgetExample(server: TestServer): Promise<void> {
  const { clips, chats, library } = serviceOf(server)
  const { handle } = await clips.openExample({ name: 'blue-square-spins.mp4' })
  await library.remove({ chats: (await chats.list({ handle })).map(({ id }) => id) })
}

/** Opens the first example in a new conversation, and waits for its description. */
export async function openExample(page: Page, server: TestServer): Promise<void> {
  await forgetExample(server)
  await openPage(page, server)
  await page.getByRole('button', { name: 'A blue square spins.' }).click()
  await answered(page, 1)
}

/** Waits for the transitions to the present colours and places. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // Transitions begin with the next frame.
    await new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))
    const ending = document.getAnimations().filter(({ effect }) => Number.isFinite(Number(effect?.getComputedTiming().endTime)))
    await Promise.allSettled(ending.map(({ finished }) => finished))
  })
}

/** Fails when axe finds a serious accessibility problem in the page. */
export async function expectAccessible(page: Page): Promise<void> {
  await settled(page)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)).toEqual([])
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
