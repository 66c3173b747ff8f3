import { defineConfig } from '@playwright/test'
import { findChromium } from './scripts/find-chromium.mjs'

const executablePath = findChromium()
/** Chromium refuses to sandbox for root, which is who runs in a container. */
const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []

// Tests expect English errors of commands, whatever the language of the machine.
process.env.TARSIER_LANGUAGE = 'en'

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.test.ts',
  outputDir: 'test-results',
  globalSetup: './scripts/find-chromium.mjs',
  // Two files at a time, each with its own server: while one answers, the other waits for the page.
  workers: 2,
  // A machine that does other things besides takes its time over an answer; nothing here asserts how long.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  // A test that passes only the second time is listed as flaky.
  retries: 1,
  reporter: 'list',
  use: {
    locale: 'en-US',
    // A control that is missing fails its test by name, not by the time limit of the test.
    actionTimeout: 60_000,
    // Workers read this file again, after the set-up has installed what was missing.
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        ...asRoot,
        '--headless',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
})
