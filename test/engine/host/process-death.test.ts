import type { ChildProcess } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { childrenOf, ended } from '../../helpers/child-processes.ts'
import { freePort, loopForever } from '../../helpers/endless-loop.ts'
import { type CliOptions, jsonLines, runCli } from '../cli/run-cli.ts'
import { TinyEngines } from '../conversation/tiny-engine.ts'

let tiny: TinyEngines

beforeAll(async () => {
  tiny = await TinyEngines.make()
  for (const copy of ['c.mp4', 'd.mp4', 'e.mp4']) await copyFile(tiny.path('a.mp4'), tiny.path(copy))
})
afterAll(() => tiny[Symbol.asyncDispose]())

const options = ['--model', 'tiny', '--device', 'cpu', '--no-cache']

function cli(files: readonly string[], more: readonly string[], settings: CliOptions) {
  return runCli(['describe', ...files, '--home', tiny.home, ...options, ...more], { cwd: tiny.folder, ...settings })
}

/** Once, at the first output. */
function atFirst(act: (child: ChildProcess, host: number) => void): NonNullable<CliOptions['onOutput']> {
  let acted = false
  return (child) => {
    if (acted) return
    acted = true
    const [host] = childrenOf(child.pid ?? 0)
    if (host === undefined) throw new Error('the engine has no process')
    act(child, host)
  }
}

const files = ['a.mp4', 'b.mkv']

describe.skipIf(process.platform !== 'linux')('the command line and its engine', () => {
  test('when the engine dies, the clip under way fails and the others are described', async () => {
    const { code, stdout, stderr } = await cli(
      ['a.mp4', 'missing.mp4', 'b.mkv', 'c.mp4', 'd.mp4', 'e.mp4'],
      ['--json', '--max-tokens', '1000'],
      { onOutput: atFirst((_, host) => process.kill(host, 'SIGSEGV')) },
    )
    expect(code).toBe(1)
    const lines = jsonLines(stdout) as { file: string; description?: string; error?: { code: string } }[]
    const [first, missing, ...rest] = lines.map(({ error }) => error?.code ?? 'described')
    expect([first, missing]).toEqual(['described', 'file-missing'])
    // Which of them was under way when the signal came depends on how fast they are; that the last one was not is sure enough.
    expect(rest.toSorted()).toEqual(['described', 'described', 'described', 'engine-crashed'])
    expect(rest.at(-1)).toBe('described')
    expect(stderr).toContain('SIGSEGV')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('when the command line is killed, the engine ends by itself', async () => {
    let host = 0
    const { code } = await cli(files, ['--max-tokens', '4000'], {
      onOutput: atFirst((child, pid) => {
        host = pid
        child.kill('SIGKILL')
      }),
    })
    expect(code).toBeNull()
    await ended(host)
  })

  test.each([
    ['is stopped', async (host: number) => process.kill(host, 'SIGSTOP')],
    ['is in an endless loop', async (host: number, port: number) => loopForever(host, port)],
  ])('when the command line is killed, an engine that %s ends too', async (_, hang) => {
    const port = await freePort()
    let hanging: Promise<number> | undefined
    const { code } = await cli(files, ['--max-tokens', '4000'], {
      env: { NODE_OPTIONS: `--inspect-port=${port}` },
      onOutput: atFirst((child, pid) => {
        hanging = hang(pid, port).then(() => {
          child.kill('SIGKILL')
          return pid
        })
      }),
    })
    expect(code).toBeNull()
    await ended((await hanging) ?? 0)
  })

  test('one Ctrl-C ends even an engine that hangs, and what was done stays', async () => {
    let host = 0
    const { code, stdout, stderr } = await cli(files, ['--max-tokens', '4000', '--json'], {
      onOutput: atFirst((child, pid) => {
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

  test('a second Ctrl-C ends even an engine that hangs', async () => {
    let host = 0
    const { code } = await cli(files, ['--max-tokens', '4000'], {
      onOutput: atFirst((child, pid) => {
        host = pid
        process.kill(pid, 'SIGSTOP')
        child.kill('SIGINT')
        setTimeout(() => child.kill('SIGINT'), 500)
      }),
    })
    expect(code).toBe(130)
    await ended(host)
  })

  test('SIGTERM ends both, with the shell’s number', async () => {
    let host = 0
    const { code, stderr } = await cli(files, ['--max-tokens', '4000'], {
      onOutput: atFirst((child, pid) => {
        host = pid
        child.kill('SIGTERM')
      }),
    })
    expect(code).toBe(143)
    expect(stderr).toBe('')
    await ended(host)
  })
})
