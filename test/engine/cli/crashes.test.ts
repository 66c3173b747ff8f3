import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { crashFolder } from '../../../src/platform/crash-reports.ts'
import type { CrashReport } from '../../../src/shared/crash-report.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { runCli } from './run-cli.ts'

const report: CrashReport = {
  id: 'one',
  time: Date.UTC(2026, 10, 30, 12),
  process: 'engine',
  reason: 'SIGSEGV',
  stack: '',
  output: `cannot read /mnt/my films/cat.mp4\n    at run (${resolve('out/cli/tarsier.js')}:1:2)`,
  version: '1.2.3',
  platform: 'linux x64 6.1',
  node: '22.1.0',
}

it('crash reports are counted, exported without paths or with them, and deleted', async () => {
  const scratch = await ScratchFolder.make()
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const home = scratch.path('home')
  await mkdir(crashFolder(home), { recursive: true })
  await writeFile(join(crashFolder(home), 'one.json'), JSON.stringify(report))
  const doctor = (...args: string[]) => runCli(['doctor', ...args, '--home', home], { cwd: scratch.directory })
  const exported = async () => JSON.parse(await readFile(scratch.path('out.json'), 'utf8')) as unknown

  expect((await doctor()).stdout).toContain(`1 report, the last of "engine" at 2026-11-30T12:00:00.000Z, in ${crashFolder(home)}`)
  expect(await doctor('--export-crashes', 'out.json')).toEqual({ code: 0, stdout: '1 crash report exported to out.json\n', stderr: '' })
  expect(await exported()).toMatchObject([
    { process: 'engine', reason: ['SIGSEGV'], output: ['cannot read <path>', `    at run (<program>${join('/out/cli/tarsier.js')}:1:2)`] },
  ])
  expect(await doctor('--export-crashes', 'out.json', '--delete-crashes')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/already exists.*\(--overwrite\) \[write-failed\]/) as string,
  })
  expect((await doctor('--export-crashes', 'out.json', '--with-paths', '--overwrite')).code).toBe(0)
  expect(await exported()).toMatchObject([{ output: report.output.split('\n') }])
  expect(await doctor('--delete-crashes')).toEqual({ code: 0, stdout: '1 crash report deleted\n', stderr: '' })
  expect(existsSync(crashFolder(home))).toBe(false)
})
