import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from '@playwright/test'
import { ANSWER_MS, answered, composer, openExample, TestServer, turns } from './helpers/app.ts'
import { checkpoint, test } from './helpers/hub.ts'

const CATALOGUE = fileURLToPath(new URL('../../resources/models/catalogue.json', import.meta.url))

test.beforeEach(() => test.slow())

test('an answer of the demo model leads to a real model, its download and its use', async ({ page, server, hub, pageErrors }) => {
  await openExample(page, server)
  const note = turns(page).first().getByText('Demo model: it only knows moving shapes.')
  await expect(note).toBeVisible()
  const offer = page.getByRole('dialog', { name: 'Get a real model' })
  const open = () => note.getByRole('button', { name: 'Get a real model' }).click()
  await open()
  const model = offer.getByRole('heading', { level: 3 })
  await expect(model).toBeVisible()
  for (const what of ['Download', 'On this disk', 'Memory', 'Licence'])
    await expect(offer.getByRole('term').filter({ hasText: what })).toBeVisible()
  await expect(offer.getByRole('definition').first()).toHaveText(/^[\d.]+ GB, about \d+ .* at 100 Mbit\/s$/)
  await page.keyboard.press('Escape')
  await expect(offer).toHaveCount(0)

  // Whichever model fits this machine, the hub has a tiny version of it.
  await open()
  const title = (await model.textContent()) ?? ''
  const entries: readonly { readonly repository: string }[] = JSON.parse(await readFile(CATALOGUE, 'utf8'))
  const repository = entries.find((entry) => entry.repository.endsWith(`/${title}`))?.repository
  if (!repository) throw new Error(`The catalogue has no "${title}".`)
  hub.add(repository, { commit: '1234567890abcdef1234567890abcdef12345678', revisions: ['main'], files: await checkpoint() })
  await offer.getByRole('button', { name: /^Download/ }).click()
  const use = offer.getByRole('button', { name: 'Use it' })
  await expect(use).toBeVisible({ timeout: ANSWER_MS })
  const name = (await offer.getByRole('status').first().textContent())?.replace(/ is installed\.$/, '') ?? ''
  await use.click()
  await expect(offer).toHaveCount(0)
  await expect(page.getByRole('button', { name: new RegExp(`^Model ${name}`) })).toBeVisible()
  expect(pageErrors).toEqual([])
})

test('an empty conversation offers questions, and a ready prompt is ready to be sent', async ({ page, server, pageErrors }) => {
  await openExample(page, server)
  await expect(composer(page)).toBeFocused()
  await page.getByRole('button', { name: 'New conversation about this clip' }).click()
  const chips = page.getByRole('list', { name: 'Questions to begin with' }).getByRole('button')
  await expect(chips).toHaveCount(3)
  await page.getByRole('button', { name: 'Ready prompts' }).click()
  const prompt = page.getByRole('menuitem').last()
  await prompt.click()
  await expect(composer(page)).toBeFocused()
  await expect(composer(page)).not.toHaveValue('')
  await composer(page).fill('')
  const question = (await chips.first().textContent()) ?? ''
  await chips.first().click()
  await answered(page, 1)
  await expect(turns(page).first()).toContainText(question)
  expect(pageErrors).toEqual([])
})

test('a download without a connection fails with what is wrong', async ({ page }) => {
  // Nothing listens on this port.
  const server = await TestServer.open({
    env: { HF_ENDPOINT: 'http://127.0.0.1:9', HF_HOME: '/nowhere', HF_TOKEN: '', HF_HUB_OFFLINE: '' },
  })
  try {
    await page.goto(server.tarsier.address)
    await page.getByRole('navigation').getByRole('button', { name: 'Models' }).click()
    await page.getByRole('button', { name: 'Download', exact: true }).first().click()
    const failed = page.getByRole('region', { name: 'Downloads and imports' }).getByRole('alert')
    await expect(failed).toContainText('The hub cannot be reached')
    await expect(failed.getByRole('button', { name: 'Try again' })).toBeEnabled()
  } finally {
    await server.close()
  }
})
