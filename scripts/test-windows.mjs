/**
 * Runs the tests with Node and native packages for Windows, on Linux under Wine: `npm run test:windows [-- VITEST'S ARGUMENTS]`, such as names of
 * files. On Windows, runs the same tests without Wine. Exits with status 2 if a requirement is not installed.
 */
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildIfStale, root } from './program.mjs'
import { countsText, printFailures, readVitestReport } from './test-report.mjs'
import { app, missing, prepare, windowsPath } from './windows/prepare.mjs'

/** The default tests, which depend on the system: files, processes, connections and native code. */
const DEFAULT_TESTS = [
  'test/windows',
  'test/unit/platform/move',
  'test/unit/platform/is-inside',
  'test/unit/library',
  'test/engine/parity',
  'test/engine/models/import',
  'test/engine/cli/models',
  'test/engine/cli/bench-eval.test',
  'test/engine/cli/bench-run',
  'test/engine/cli/serve-killed',
  'test/engine/bench/resume',
  'test/engine/service/library',
  'test/engine/service/batches',
  'test/engine/serve/clips',
  'test/engine/serve/openai.test',
]

const native = process.platform === 'win32'
const lacking = native ? [] : missing()
if (lacking.length > 0) {
  console.error(`The tests for Windows cannot run here.\n${lacking.join('\n')}`)
  process.exit(2)
}

// Vitest ignores names that match no file as long as another one does.
const absent = DEFAULT_TESTS.filter((name) => !readdirSync(join(root, dirname(name))).some((entry) => entry.startsWith(basename(name))))
if (absent.length > 0) throw new Error(`No test has the name ${absent.join(' or ')}.`)

const given = process.argv.slice(2)
const { command, env } = native ? onWindows() : prepare()
const scratch = mkdtempSync(join(tmpdir(), 'tarsier-windows-'))
const report = join(scratch, 'report.json')
const started = performance.now()
const ok = await run([
  ...command,
  join('node_modules', 'vitest', 'vitest.mjs'),
  'run',
  ...['unit', 'engine', 'windows'].map((project) => `--project=${project}`),
  // An emulated system on a busy machine may be slow; no test depends on its speed.
  '--testTimeout=600000',
  '--hookTimeout=600000',
  '--reporter=verbose',
  '--reporter=json',
  `--outputFile.json=${native ? report : windowsPath(report)}`,
  ...(given.length > 0 ? given : DEFAULT_TESTS),
])
/** @type {import('./test-report.mjs').Failure[]} */
const failures = []
const counts = readVitestReport(ok, report, failures)
rmSync(scratch, { recursive: true, force: true })
printFailures(failures)
console.log(`\n${((performance.now() - started) / 60_000).toFixed(1)} minutes`)
console.log(countsText(counts))
process.exitCode = counts.failed > 0 ? 1 : 0

function onWindows() {
  buildIfStale()
  return { command: [process.execPath], env: process.env }
}

/**
 * Runs a command to its end, and prints its output. The output goes to a file first: under Wine, Node cannot write to a pipe created by Linux.
 * @param {string[]} command @returns {Promise<boolean>} whether it succeeded
 */
async function run([program = '', ...args]) {
  const output = openSync(join(scratch, 'output.txt'), 'w+')
  const child = spawn(program, args, { cwd: native ? root : app, env, stdio: ['ignore', output, output] })
  /** @type {Promise<boolean>} */
  const ending = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0))
  })
  let shown = 0
  const showNew = () => {
    const bytes = Buffer.alloc(fstatSync(output).size - shown)
    shown += readSync(output, bytes, 0, bytes.length, shown)
    process.stdout.write(bytes)
  }
  for (let result; ; showNew()) {
    result = await Promise.race([ending, sleep(500, null)])
    if (result === null) continue
    showNew()
    closeSync(output)
    return result
  }
}
