/**
 * Runs the project's checks one after the other: `node scripts/test.mjs [step…]`. Defaults to all. A failing step does not stop the next ones. At
 * the end, lists every failed test, whose details may be thousands of lines above, and sums up the counts of all steps in the last line.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findSoftwareGpus, setup as installSoftwareGpus } from './find-software-gpus.mjs'
import { countsText, failure, printFailures, readReport, readVitestReport } from './test-report.mjs'

/** @typedef {import('./test-report.mjs').Counts} Counts */
/** @typedef {import('./test-report.mjs').Failure} Failure */

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'tarsier-test-'))

/** @type {Record<string, () => Counts>} */
const steps = {
  types: () => one('typescript/bin/tsc', '--build'),
  style: () => one('@biomejs/biome/bin/biome', 'check', '.'),
  boundaries: () => one('dependency-cruiser/bin/dependency-cruise.mjs', 'src', 'tools', 'test'),
  unused: () => one('knip/bin/knip.js'),
  docs: () =>
    sum(
      one('tsx/dist/cli.mjs', 'tools/reference-docs/generate.ts', '--check'),
      one('tsx/dist/cli.mjs', 'tools/reference-docs/docstrings.ts'),
      one('tsx/dist/cli.mjs', 'tools/reference-docs/links.ts'),
    ),
  build: () => one('electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn'),
  unit: () => vitest('unit', 'shell'),
  engine: () => vitest('engine'),
  gpu: () => gpuTests(),
  e2e: () => playwright(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in steps))
if (unknown.length > 0) {
  console.error(`Unknown step: ${unknown.join(', ')}. Steps: ${Object.keys(steps).join(', ')}.`)
  process.exit(2)
}

/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 }
const summary = []
let devices = ''
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
  summary.push(
    `${failed > 0 ? 'FAILED' : 'ok    '} ${name.padEnd(10)} ${seconds.padStart(6)} s  ${countsText({ passed, failed, skipped })}`,
  )
}
rmSync(scratch, { recursive: true, force: true })
printFailures(failures)
console.log(`\n${[...summary, ...(devices === '' ? [] : [devices])].join('\n')}\n`)
console.log(countsText(total))
process.exitCode = total.failed > 0 ? 1 : 0

/** @param {string} tool its program in node_modules @param {string[]} args @param {Record<string, string>} [env] */
function run(tool, args, env = {}) {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (result.error) console.error(result.error.message)
  return result.status === 0
}

/** Runs a step that passes or fails as a whole. @param {string} tool @param {string[]} args @returns {Counts} */
function one(tool, ...args) {
  return run(tool, args) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** @param {Counts[]} parts @returns {Counts} */
function sum(...parts) {
  const of = (/** @type {keyof Counts} */ name) => parts.reduce((total, counts) => total + counts[name], 0)
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') }
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
  return readVitestReport(ok, file, failures)
}

/** Runs the GPU tests if there is a driver for them; a line of the summary names the devices. @returns {Counts} */
function gpuTests() {
  installSoftwareGpus()
  const { lavapipe, swiftshader } = findSoftwareGpus()
  const of = (/** @type {string} */ device, /** @type {string} */ driver, /** @type {string | undefined} */ manifest) =>
    manifest ? `${device} (${driver})` : `${device} not tested: ${driver} was not found and could not be installed`
  devices = `devices  ${of('vulkan', 'lavapipe', lavapipe)}, ${of('webgpu', 'SwiftShader', swiftshader)}`
  return lavapipe || swiftshader ? vitest('gpu') : { passed: 0, failed: 0, skipped: 0 }
}

/** @returns {Counts} */
function playwright() {
  const file = join(scratch, 'e2e.json')
  const ok = run('@playwright/test/cli.js', ['test', '--reporter=list,json'], { PLAYWRIGHT_JSON_OUTPUT_NAME: file })
  return readReport(ok, file, ({ suites, stats, errors }) => {
    for (const { message } of errors) failures.push(failure('playwright', message ?? 'failed without output'))
    for (const { file: name, title, tests } of suites.flatMap(specsOf)) {
      const test = tests.find((/** @type {any} */ one) => one.status === 'unexpected')
      if (test) failures.push(failure(`${name} ${title}`, test.results.at(-1)?.error?.message ?? 'failed without output'))
    }
    return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped }
  })
}

/** @param {any} suite @returns {any[]} the tests of a file, including those in groups */
function specsOf(suite) {
  return [...suite.specs, ...(suite.suites ?? []).flatMap(specsOf)]
}
