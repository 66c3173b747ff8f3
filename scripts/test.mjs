/**
 * The project's checks, one after the other: `node scripts/test.mjs [step…]`, all of them by default.
 * A failing step does not keep the next ones from running. The end names every test that failed, since what a step printed about it
 * may be thousands of lines above, and the last line sums what every step counted.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ test: string, why: string }} Failure */

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'tarsier-test-'))

/** @type {Record<string, () => Counts>} */
const steps = {
  types: () => one('typescript/bin/tsc', '--build'),
  style: () => one('@biomejs/biome/bin/biome', 'check', '.'),
  rooms: () => one('dependency-cruiser/bin/dependency-cruise.mjs', 'src', 'tools', 'test'),
  unused: () => one('knip/bin/knip.js'),
  build: () => one('electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn'),
  unit: () => vitest('unit', 'shell'),
  engine: () => vitest('engine'),
  e2e: () => playwright(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in steps))
if (unknown.length > 0) {
  console.error(`No step ${unknown.join(', ')}. There are: ${Object.keys(steps).join(', ')}.`)
  process.exit(2)
}

/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 }
const summary = []
/** @type {Failure[]} */
const failures = []
for (const [name, step] of Object.entries(steps)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`\n── ${name}`)
  const started = performance.now()
  const { passed, failed, skipped } = step()
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  summary.push(`${failed > 0 ? 'FAILED' : 'ok    '} ${name.padEnd(7)} ${seconds.padStart(6)} s  ${said({ passed, failed, skipped })}`)
}
rmSync(scratch, { recursive: true, force: true })
for (const { test, why } of failures) console.log(`\nfailed: ${test}\n  ${why}`)
console.log(`\n${summary.join('\n')}\n`)
console.log(said(total))
process.exitCode = total.failed > 0 ? 1 : 0

/** @param {Counts} counts */
function said({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** @param {string} tool its program, from node_modules @param {string[]} args @param {Record<string, string>} [env] */
function run(tool, args, env = {}) {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (result.error) console.error(result.error.message)
  return result.status === 0
}

/** A step that is right or wrong as a whole. @param {string} tool @param {string[]} args @returns {Counts} */
function one(tool, ...args) {
  return run(tool, args) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** @param {string[]} projects @returns {Counts} */
function vitest(...projects) {
  const file = join(scratch, `${projects.join('-')}.json`)
  const ok = run('vitest/vitest.mjs', [
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ])
  return counted(ok, file, (report) => {
    for (const { name, message, assertionResults } of report.testResults) {
      if (message) fails(name, message)
      for (const { status, fullName, failureMessages } of assertionResults)
        if (status === 'failed') fails(`${name} ${fullName}`, failureMessages.join('\n'))
    }
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests + report.numTodoTests }
  })
}

/** @returns {Counts} */
function playwright() {
  const file = join(scratch, 'e2e.json')
  const ok = run('@playwright/test/cli.js', ['test', '--reporter=list,json'], { PLAYWRIGHT_JSON_OUTPUT_NAME: file })
  return counted(ok, file, ({ suites, stats, errors }) => {
    for (const { message } of errors) fails('playwright', message ?? 'failed without a word')
    for (const { file: name, title, tests } of suites.flatMap(specsOf)) {
      const test = tests.find((/** @type {any} */ one) => one.status === 'unexpected')
      if (test) fails(`${name} ${title}`, test.results.at(-1)?.error?.message ?? 'failed without a word')
    }
    return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped }
  })
}

/** @param {any} suite @returns {any[]} the tests of a file, also those in groups */
function specsOf(suite) {
  return [...suite.specs, ...(suite.suites ?? []).flatMap(specsOf)]
}

/** @param {string} test @param {string} message whose first lines say what was wrong; the rest, a stack, stands above */
function fails(test, message) {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  failures.push({ test: test.replace(`${root}`, ''), why: lines.slice(0, 8).join('\n  ') })
}

/**
 * What a runner's report counts. A runner that failed without a failed test (a file that did not load, no report at all) counts as one failure,
 * and so does one that ran nothing.
 * @param {boolean} ok @param {string} file @param {(report: any) => Counts} read @returns {Counts}
 */
function counted(ok, file, read) {
  let counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    counts = read(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    console.error(`No report was written: ${error instanceof Error ? error.message : error}`)
  }
  const silent = counts.failed === 0 && (!ok || counts.passed === 0)
  return silent ? { ...counts, failed: 1 } : counts
}
