import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@playwright/test'
import { filesFor, partFolder } from '../../src/engine/gpu-pack/pack-parts.ts'
import { Library } from '../../src/library/library.ts'
import type { DeviceTest } from '../../src/shared/device-tests.ts'
import { LAVAPIPE_NAME, softwareGpuEnv, softwareGpus } from '../helpers/software-gpus.ts'
import { ANSWER_MS, expectAccessible, navigationButton, openExample, TestServer, test } from './helpers/app.ts'
import { closeSettings, openSettings } from './helpers/controls.ts'

const crash: DeviceTest = {
  part: 'language',
  device: 'vulkan',
  hardware: 'an earlier card',
  runtime: 'llama.cpp v0',
  model: 'demo',
  passed: false,
  crashed: true,
  detail: 'it crashed (SIGSEGV) in the middle of an answer',
  time: 1,
}

/** Answers are computed on the CPU, and one GPU has failed before. */
function fill(home: string): void {
  mkdirSync(join(home, 'cache'), { recursive: true })
  writeFileSync(join(home, 'cache', 'device-tests.json'), JSON.stringify({ version: 1, tests: { earlier: crash } }))
  using library = new Library(home)
  library.settings.set({ device: 'cpu' })
}

test.beforeEach(() => test.slow())

test('GPUs that failed are tried again from the settings and from Help', async ({ page }, info) => {
  const server = await TestServer.open({ fill })
  try {
    await openExample(page, server)
    await openSettings(page)
    await page.getByRole('button', { name: 'Try GPUs again' }).click()
    await expect(page.getByText('The next answer tries the failed GPU again.')).toBeVisible()
    await expectAccessible(page)
    await page.screenshot({ path: info.outputPath('settings.png') })
    await closeSettings(page)
    await navigationButton(page, 'Help').click()
    await page.getByRole('tab', { name: 'This machine' }).click()
    await page.getByRole('button', { name: 'Try GPUs again' }).click({ timeout: ANSWER_MS })
    await expect(page.getByText('No GPU has failed.')).toBeVisible()
  } finally {
    await server.close()
  }
})

test('the GPU pack is removed from Help, where its parts and its use are explained', async ({ page }) => {
  // biome-ignore lint/suspicious/noSkippedTests: there is no pack for other systems.
  test.skip(filesFor().length === 0, 'There is no GPU pack for this system.')
  const server = await TestServer.open({
    fill(home) {
      fill(home)
      for (const file of filesFor()) {
        mkdirSync(partFolder(home, file), { recursive: true })
        writeFileSync(join(partFolder(home, file), 'part.json'), JSON.stringify({ integrity: file.integrity }))
      }
    },
  })
  try {
    await openExample(page, server)
    await navigationButton(page, 'Help').click()
    await page.getByRole('tab', { name: 'This machine' }).click()
    const pack = page.getByRole('region', { name: 'GPU pack' })
    await expect(pack).toContainText('The GPU pack is installed', { timeout: ANSWER_MS })
    await expectAccessible(page)
    await pack.getByRole('button', { name: 'Remove the GPU pack' }).click()
    await expect(pack).toHaveCount(0)
  } finally {
    await server.close()
  }
})

test('of several GPUs each can be chosen by its name', async ({ page }, info) => {
  // biome-ignore lint/suspicious/noSkippedTests: requires both drivers.
  test.skip(!softwareGpus.lavapipe || !softwareGpus.swiftshader, 'The two software GPUs are not installed.')
  const server = await TestServer.open({ fill, env: softwareGpuEnv('lavapipe', 'swiftshader') })
  try {
    await openExample(page, server)
    await openSettings(page)
    const device = page.getByLabel('Device', { exact: true })
    const named = device.getByRole('option', { name: `Vulkan: ${LAVAPIPE_NAME}` })
    await expect(named).toHaveCount(1, { timeout: ANSWER_MS })
    await expect(device.getByRole('option', { name: /^Vulkan: SwiftShader/ })).toHaveCount(1)
    await expect(page.getByText('cannot select a GPU by name', { exact: false })).toBeVisible()
    await device.selectOption((await named.getAttribute('value')) ?? '')
    await expect(device).toHaveValue(new RegExp(`^vulkan:${LAVAPIPE_NAME}`))
    await expectAccessible(page)
    await device.scrollIntoViewIfNeeded()
    await page.screenshot({ path: info.outputPath('named.png') })
  } finally {
    await server.close()
  }
})
