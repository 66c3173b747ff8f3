import type { ChildProcess } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listCrashReports } from '../../../src/platform/crash-reports.ts'
import { childrenOf, ended } from '../../helpers/child-processes.ts'
import { freePort } from '../../helpers/endless-loop.ts'
import { canInterrupt, crash, hangs, reasonOf } from '../../helpers/signals.ts'
import { type CliOptions, jsonLines, runCli } from '../cli/run-cli.ts'
import { TinyEngines } from '../conversation/tiny-engine.ts'

let tiny: TinyEngines

beforeAll(async () => {
  tiny = await TinyEngines.make()
  await copyFile(tiny.path('a.mp4'), tiny.path('c.mp4'))
})
afterAll(() => tiny[Symbol.asyncDispose]())

const options = ['--model', 'tiny', '--device', 'cpu', '--no-cache']

function cli(files: readonly string[], more: readonly string[], settings: CliOptions) {
  return runCli(['describe', ...files, '--home', tiny.home, ...options, ...more], { cwd: tiny.folder, ...settings })
}

/** Calls `act` once, at the first output. */
function atFirstOutput(act: (child: ChildProcess, host: number) => void): NonNullable<CliOptions['onOutput']> {
  let acted = false
  return (child) => {
    if (acted) return
    acted = true
    act(child, engineOf(child))
  }
}

function engineOf(child: ChildProcess): number {
  const [host] = childrenOf(child.pid ?? 0)
  if (host === undefined) throw new Error('the engine has no process')
  return host
}

const files = ['a.mp4', 'b.mkv']

describe('the command line and its engine', () => {
  test('a crash of the engine fails the current clip, and the others are described', async () => {
    let engineDied = false
    const { code, stdout, stderr } = await cli(['a.mp4', 'missing.mp4', 'b.mkv', 'c.mp4'], ['--max-tokens', '4000'], {
      // The second clip's heading is printed with its first words.
      onOutput: (child, soFar) => {
        if (engineDied || !soFar.includes('b.mkv')) return
        engineDied = true
        process.kill(engineOf(child), crash)
      },
    })
    expect(code).toBe(1)
    expect(await listCrashReports(tiny.home)).toMatchObject([{ process: 'engine', reason: reasonOf(crash) }])
    expect(stdout.match(/^\w+\.\w+$/gm)).toEqual(['a.mp4', 'b.mkv', 'c.mp4'])
    expect(
      stdout
        .split(/^\w+\.\w+$/m)
        .at(-1)
        ?.trim(),
    ).not.toBe('')
    const failures = stderr.split('\n').filter((line) => /\[[a-z-]+\]$/.test(line))
    expect(failures).toEqual([expect.stringContaining('missing.mp4'), expect.stringMatching(new RegExp(`b\\.mkv.*${reasonOf(crash)}`))])
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('the engine ends after the command line is killed', async () => {
    let host = 0
    const { code } = await cli(files, ['--max-tokens', '4000'], {
      onOutput: atFirstOutput((child, pid) => {
        host = pid
        child.kill('SIGKILL')
      }),
    })
    expect(code).toBeNull()
    await ended(host)
  })

  test.each(Object.entries(hangs))('an engine that %s ends after the command line is killed', async (_, makeHang) => {
    const port = await freePort()
    let hanging: Promise<number> | undefined
    const { code } = await cli(files, ['--max-tokens', '4000'], {
      env: { NODE_OPTIONS: `--inspect-port=${port}` },
      onOutput: atFirstOutput((child, pid) => {
        hanging = makeHang(pid, port).then(() => {
          child.kill('SIGKILL')
          return pid
        })
      }),
    })
    expect(code).toBeNull()
    await ended((await hanging) ?? 0)
  })

  test.skipIf(!canInterrupt)('one Ctrl-C ends a hanging engine and keeps finished clips', async () => {
    let host = 0
    const { code, stdout, stderr } = await cli(files, ['--max-tokens', '4000', '--json'], {
      onOutput: atFirstOutput((child, pid) => {
        host = pid
        process.kill(pid, 'SIGSTOP')
        child.kill('SIGINT')
      }),
    })
    expect(code).toBe(130)
    expect(jsonLines(stdout)).toMatchObject([{ file: expect.stringContaining('a.mp4') }])
    expect(stderr).not.toContain('[engine')
    await ended(host)
  })

  test.skipIf(!canInterrupt)('a second Ctrl-C ends a hanging engine', async () => {
    let host = 0
    const { code } = await cli(files, ['--max-tokens', '4000'], {
      onOutput: atFirstOutput((child, pid) => {
        host = pid
        process.kill(pid, 'SIGSTOP')
        child.kill('SIGINT')
        setTimeout(() => child.kill('SIGINT'), 500)
      }),
    })
    expect(code).toBe(130)
    await ended(host)
  })

  test.skipIf(!canInterrupt)('SIGTERM ends both with status 143', async () => {
    let host = 0
    const { code, stderr } = await cli(files, ['--max-tokens', '4000'], {
      onOutput: atFirstOutput((child, pid) => {
        host = pid
        child.kill('SIGTERM')
      }),
    })
    expect(code).toBe(143)
    expect(stderr).toBe('')
    await ended(host)
  })
})
