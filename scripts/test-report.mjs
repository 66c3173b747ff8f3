/** Reads the JSON report of a test runner: its counts and failed tests. */
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { root } from './program.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ test: string, why: string }} Failure */

/** @param {Counts} counts */
export function countsText({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * @param {string} test @param {string} message its first lines describe the error; the rest is a stack that was already printed @returns {Failure}
 */
export function failure(test, message) {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
  return { test: test.replace(root, ''), why: lines.slice(0, 8).join('\n  ') }
}

/** @param {readonly Failure[]} failures */
export function printFailures(failures) {
  for (const { test, why } of failures) console.log(`\nfailed: ${test}\n  ${why}`)
}

/**
 * Reads Vitest's report, and appends its failures to `failures`.
 * @param {boolean} ok whether Vitest succeeded @param {string} file @param {Failure[]} failures @returns {Counts}
 */
export function readVitestReport(ok, file, failures) {
  return readReport(ok, file, (report) => {
    for (const { name, message, assertionResults } of report.testResults) {
      if (message) failures.push(failure(name, message))
      for (const { status, fullName, failureMessages } of assertionResults)
        if (status === 'failed') failures.push(failure(`${name} ${fullName}`, failureMessages.join('\n')))
    }
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests + report.numTodoTests }
  })
}

/**
 * Returns the counts in a runner's report. A runner that failed without a failed test (a file that did not load, or no report) counts as one
 * failure, and so does a runner that ran no tests.
 * @param {boolean} ok whether the runner succeeded @param {string} file @param {(report: any) => Counts} read @returns {Counts}
 */
export function readReport(ok, file, read) {
  let counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    counts = read(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    console.error(`No report was written: ${error instanceof Error ? error.message : error}`)
  }
  const silent = counts.failed === 0 && (!ok || counts.passed === 0)
  return silent ? { ...counts, failed: 1 } : counts
}
