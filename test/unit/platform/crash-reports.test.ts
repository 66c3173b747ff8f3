import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { crashFolder, deleteCrashReports, listCrashReports } from '../../../src/platform/crash-reports.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const MODULE = pathToFileURL(join(import.meta.dirname, '../../../src/platform/crash-reports.ts')).href

async function scratchHome(): Promise<ScratchFolder> {
  const home = await ScratchFolder.make()
  onTestFinished(() => home[Symbol.asyncDispose]())
  return home
}

/** Runs code in a process that keeps reports. */
function run(home: string, code: string) {
  const whole = `import { keepCrashReports, reportCrash } from ${JSON.stringify(MODULE)}
    keepCrashReports(${JSON.stringify(home)}, 'command', '1.2.3')
    ${code}`
  return spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', whole], { encoding: 'utf8' })
}

it.each([
  ['thrown', "setTimeout(() => { throw new RangeError('too far') })"],
  ['rejected', "Promise.reject(new RangeError('too far'))"],
])('an error that is %s and not caught is stored, and ends the process as before', async (_, code) => {
  const home = await scratchHome()
  const { status, stderr } = run(home.directory, code)
  expect(status).toBe(1)
  expect(stderr).toContain('RangeError: too far')
  expect(await listCrashReports(home.directory)).toEqual([
    {
      id: expect.any(String) as string,
      time: expect.any(Number) as number,
      process: 'command',
      reason: 'too far',
      stack: expect.stringMatching(/^RangeError: too far\n {4}at /) as string,
      output: '',
      version: '1.2.3',
      platform: expect.stringContaining(process.platform) as string,
      node: process.versions.node,
    },
  ])
})

it('only the newest reports are kept, with a limited length, and each or all can be deleted', async () => {
  const home = await scratchHome()
  const { stderr } = run(
    home.directory,
    "for (let i = 0; i < 60; i++) { reportCrash({ process: 'engine', reason: String(i), output: 'x'.repeat(1e6) + i }); await new Promise((next) => setTimeout(next, 2)) }",
  )
  expect(stderr).toBe('')
  const reports = await listCrashReports(home.directory)
  expect(reports.map(({ reason }) => Number(reason))).toEqual(Array.from({ length: 50 }, (_, i) => 59 - i))
  expect(reports[0]?.output).toHaveLength(8000)
  expect(reports[0]?.output.endsWith('x59')).toBe(true)
  await deleteCrashReports(home.directory, reports[0]?.id)
  expect(await listCrashReports(home.directory)).toEqual(reports.slice(1))
  await deleteCrashReports(home.directory)
  expect(await listCrashReports(home.directory)).toEqual([])
})

it('files that are no reports are left out', async () => {
  const home = await scratchHome()
  run(home.directory, "reportCrash({ process: 'engine', reason: 'SIGSEGV' })")
  const [name] = await readdir(crashFolder(home.directory))
  await home.write(`crashes/${name}x.json`, '{"torn')
  await home.write('crashes/other.json', '{}')
  expect(await listCrashReports(home.directory)).toMatchObject([{ reason: 'SIGSEGV', stack: '', output: '' }])
})
