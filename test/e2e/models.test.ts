import { expect, type Page } from '@playwright/test'
import { sizeText } from '../../src/shared/size-text.ts'
import { ANSWER_MS, answered, composer, expectAccessible, navigationButton, openExample, openPage, turns } from './helpers/app.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'
import { checkpoint, test } from './helpers/hub.ts'

/** Two entries of the catalogue, of which the test's hub has tiny versions. */
const QWEN = {
  repository: 'Qwen/Qwen2-VL-2B-Instruct',
  title: 'Qwen2-VL-2B-Instruct',
  form: 'q8_0 / f16',
  name: 'qwen2-vl-2b-instruct-q8_0',
}
const TARSIER = {
  repository: 'omni-research/Tarsier2-Recap-7b',
  title: 'Tarsier2-Recap-7b',
  form: 'f16 / f16',
  name: 'tarsier2-recap-7b-f16',
}
/** Far down the catalogue: from its card, the card of a job is not visible in a small window. */
const FIRST = { repository: 'omni-research/Tarsier-7b', title: 'Tarsier-7b' }
const SHARD = 'model-00002-of-00004.safetensors'

test.beforeEach(() => test.slow())

const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const cardOf = (page: Page, part: string, title: string) =>
  section(page, part)
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { level: 3, name: title, exact: true }) })

test('downloads a model, pauses, resumes, chooses it in a chat and asks it', async ({ page, server, hub, pageErrors }, info) => {
  const files = await checkpoint()
  const shard = files.get(SHARD)?.byteLength ?? 0
  const half = Math.floor(shard / 2)
  const total = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  hub.add(QWEN.repository, { commit: 'abcdef1234567890abcdef1234567890abcdef12', revisions: ['main'], files })
  hub.misbehave = (route, file) => (route === 'store' && file === SHARD ? { kind: 'stall', after: half } : null)
  await openExample(page, server)
  await navigationButton(page, 'Models').click()

  const catalogueCard = cardOf(page, 'Available for download', QWEN.title)
  await expect(catalogueCard).toContainText('4.4 GB download')
  await expect(catalogueCard).toContainText(/fits this machine|slow on this machine|too large for this machine/)
  await expect(catalogueCard).toContainText(/Needs about [\d.]+ GB of memory with 16 frames; this machine has \d+ GB\./)
  await catalogueCard.getByLabel('Precision: language / vision').selectOption(QWEN.form)
  await catalogueCard.getByRole('button', { name: 'Download' }).click()

  const jobCard = cardOf(page, 'Downloads and imports', QWEN.name)
  await expect(jobCard).toContainText(`from ${QWEN.repository}`)
  // All but half a shard is downloaded; the hub sends nothing more.
  const soFar = `${sizeText(total - shard + half)} of ${sizeText(total)}`
  await expect(jobCard).toContainText(soFar)
  const progress = Math.round((100 * (total - shard + half)) / total)
  await expect(jobCard.getByRole('progressbar')).toHaveAttribute('aria-valuenow', String(progress))
  await expect(catalogueCard.getByRole('button', { name: 'Download' })).toHaveAttribute('aria-disabled', 'true')
  await expectAccessible(page)
  await jobCard.scrollIntoViewIfNeeded()
  await page.screenshot({ path: info.outputPath('fetching.png') })

  await jobCard.getByRole('button', { name: `Pause ${QWEN.name}` }).click()
  await expect(jobCard).toContainText('Paused')
  await page.reload()
  await navigationButton(page, 'Models').click()
  await expect(jobCard).toContainText(`Paused · downloading · ${soFar}`)
  await page.screenshot({ path: info.outputPath('paused.png') })

  hub.misbehave = () => null
  await jobCard.getByRole('button', { name: `Resume ${QWEN.name}` }).click()
  await expect(jobCard).toContainText('Installed.', { timeout: ANSWER_MS })
  expect(hub.sent(SHARD)).toBe(shard)
  const here = cardOf(page, 'Installed', QWEN.name)
  await expect(here).toContainText('language q8_0 · vision f16')
  await jobCard.getByRole('button', { name: `Remove ${QWEN.name} from the list` }).click()
  await expect(section(page, 'Downloads and imports')).toHaveCount(0)
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('here.png') })

  await navigationButton(page, 'Library').click()
  await page.getByRole('region', { name: 'Conversations' }).getByRole('button').first().click()
  await expect(turns(page)).toHaveCount(1)
  await openSettings(page)
  await page.getByLabel('Model', { exact: true }).selectOption(QWEN.name)
  await closeSettings(page)
  await composer(page).fill('What colour is the square?')
  await composer(page).press('Enter')
  await answered(page, 2)
  await expect(turns(page).first()).toContainText('demo')
  await expect(turns(page).nth(1)).toContainText(QWEN.name)
  await expect(
    turns(page)
      .nth(1)
      .getByRole('button', { name: /^\d+ frames?$/ }),
  ).toBeVisible()
  await expect(page.getByRole('alert')).toHaveCount(0)
  await page.screenshot({ path: info.outputPath('asked.png') })
  expect(pageErrors).toEqual([])
})

test('a failed download shows the reason and can be retried', async ({ page, server, hub, pageErrors }, info) => {
  const repository = { commit: '1234567890abcdef1234567890abcdef12345678', revisions: ['main'], files: await checkpoint() }
  hub.add(TARSIER.repository, { ...repository, gated: true })
  await openPage(page, server)
  await navigationButton(page, 'Models').click()
  const catalogueCard = cardOf(page, 'Available for download', TARSIER.title)
  await catalogueCard.getByLabel('Precision: language / vision').selectOption(TARSIER.form)
  await catalogueCard.getByRole('button', { name: 'Download' }).click()
  const failed = cardOf(page, 'Downloads and imports', TARSIER.name).getByRole('alert')
  await expect(failed).toContainText('The hub requires a login')
  await expect(failed).toContainText(`${TARSIER.repository} is a gated repository`)
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('gated.png') })

  hub.add(TARSIER.repository, repository)
  hub.misbehave = (route, file) => (route === 'store' && file === SHARD ? { kind: 'flip', at: 1000 } : null)
  await failed.getByRole('button', { name: 'Try again' }).click()
  await expect(failed).toContainText('The download is damaged')
  await expect(failed).toContainText(`The download of ${SHARD} of ${TARSIER.repository} failed`)
  await page.screenshot({ path: info.outputPath('damaged.png') })

  hub.misbehave = () => null
  await failed.getByRole('button', { name: 'Try again' }).click()
  await expect(cardOf(page, 'Downloads and imports', TARSIER.name)).toContainText('Installed.', { timeout: ANSWER_MS })
  await expect(failed).toHaveCount(0)
  await expect(cardOf(page, 'Installed', TARSIER.name).getByRole('button', { name: 'Use this model' })).toBeEnabled()
  expect(pageErrors).toEqual([])
})

test('a new job becomes visible, is announced, and does not move the focus', async ({ page, server, hub, pageErrors }, info) => {
  await page.setViewportSize({ width: 800, height: 600 })
  hub.add(FIRST.repository, { commit: '2234567890abcdef1234567890abcdef12345678', revisions: ['main'], files: await checkpoint() })
  hub.misbehave = (route, file) => (route === 'store' && file === SHARD ? { kind: 'stall', after: 1000 } : null)
  await openPage(page, server)
  await navigationButton(page, 'Models').click()
  const catalogueCard = cardOf(page, 'Available for download', FIRST.title)
  const get = catalogueCard.getByRole('button', { name: 'Download' })
  await get.scrollIntoViewIfNeeded()
  await get.focus()
  await page.keyboard.press('Enter')
  const jobCard = section(page, 'Downloads and imports')
    .getByRole('listitem')
    .filter({ hasText: `from ${FIRST.repository}` })
  await expect(jobCard).toBeInViewport({ ratio: 1 })
  await expect(get).not.toBeInViewport()
  await expect(page.getByRole('status').filter({ hasText: /^tarsier-7b-\S+ is being installed\.$/ })).toBeAttached()
  await expect(get).toHaveAttribute('aria-disabled', 'true')
  await expect(get).toBeFocused()
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('coming.png') })
  await jobCard.getByRole('button', { name: /^Cancel / }).click()
  await expect(jobCard).toHaveCount(0)
  hub.misbehave = () => null
  expect(pageErrors).toEqual([])
})

test('imports a folder with the chosen adapter', async ({ page, server }, info) => {
  await openPage(page, server)
  // Only the shell provides folders. Here the page gets handles from the test, and the test checks the request to the service.
  const [source, adapter] = ['a'.repeat(22), 'b'.repeat(22)]
  await page.evaluate(
    ([checkpointHandle, adapterHandle]) => {
      const folders = { checkpoint: { handle: checkpointHandle, name: 'Qwen2-VL' }, adapter: { handle: adapterHandle, name: 'my-lora' } }
      Object.assign(window, { tarsier: { choose: async (kind: 'checkpoint' | 'adapter') => [{ kind, ...folders[kind] }] } })
    },
    [source, adapter],
  )
  await navigationButton(page, 'Models').click()
  await page.getByRole('button', { name: 'Import a folder…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import a checkpoint' })
  await dialog.getByRole('button', { name: 'Choose folder…' }).click()
  const chooseAdapter = dialog.getByRole('button', { name: 'Choose LoRA adapter…' })
  await chooseAdapter.click()
  await expect(dialog).toContainText('my-lora will be merged')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await expect(dialog).not.toContainText('my-lora')
  await chooseAdapter.click()
  await expectAccessible(page)
  await page.screenshot({ path: info.outputPath('adapter.png') })
  const sent = page.waitForRequest((request) => request.url().endsWith('/rpc/models/import'))
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  expect((await sent).postDataJSON()).toMatchObject({ json: { source, adapter, name: 'qwen2-vl' } })
})
