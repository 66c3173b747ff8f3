import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'
import { writeClip as writeGif } from './clips.ts'
import { CLI } from './run-cli.ts'
import { makeTinyModel } from './tiny-model.ts'

const UP = '\x1b[A'
const CTRL_C = '\x03'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-terminal-'))
  await makeTinyModel(join(folder, 'home'), 'tiny')
  await writeGif(join(folder, 'clip.gif'))
  await writeClip(join(folder, 'long.mp4'), numberedPictures(200, 336, 252))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The command line on a real terminal, which `script` of util-linux provides. */
class Terminal {
  readonly #child
  readonly #closed: Promise<number | null>
  #shown = ''
  #read = 0

  constructor(...args: readonly string[]) {
    const common = ['--model', 'tiny', '--home', join(folder, 'home'), '--device', 'cpu', '--frames', '3', '--no-cache']
    const command = [process.execPath, CLI, ...args, ...common].map((word) => `'${word}'`).join(' ')
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd: folder,
      env: { ...process.env, TERM: 'xterm', NODE_NO_WARNINGS: '1' },
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text
    })
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve))
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits for the next occurrence of a text and returns the output before it. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#shown.indexOf(text, this.#read)
      if (at >= 0) {
        const before = this.#shown.slice(this.#read, at)
        this.#read = at + text.length
        return before
      }
      if (this.#child.exitCode !== null) throw new Error(`it ended without "${text}": ${JSON.stringify(this.#shown.slice(this.#read))}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  code(): Promise<number | null> {
    return this.#closed
  }
}

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

describe.skipIf(!hasScript)('on a terminal', () => {
  it('chat shows progress, streams, has a line history, stops an answer at Ctrl-C and quits at the next', async () => {
    const terminal = new Terminal('chat', 'clip.gif', '--max-tokens', '8')
    await terminal.until('> ')
    terminal.type('What is this?\r')
    const looked = await terminal.until('in total on cpu')
    expect(looked).toContain('encoding, frame 3 of 3')
    expect(looked).toContain('writing')
    await terminal.until('> ')
    terminal.type(UP)
    await terminal.until('What is this?')
    terminal.type('\r')
    expect(await terminal.until('in total on cpu')).not.toContain('encoding')
    await terminal.until('> ')
    terminal.type(CTRL_C)
    expect(await terminal.code()).toBe(130)
  })

  it('Ctrl-C stops the answer, not the conversation', async () => {
    const terminal = new Terminal('chat', 'long.mp4', '--max-tokens', '8')
    await terminal.until('> ')
    terminal.type('/frames 200\r')
    await terminal.until('> ')
    terminal.type('What is this?\r')
    await terminal.until('opening')
    terminal.type(CTRL_C)
    expect(await terminal.until('stopped')).not.toContain('in total on')
    await terminal.until('> ')
    terminal.type('/frames 3\r')
    await terminal.until('> ')
    terminal.type('What is this?\r')
    await terminal.until('in total on cpu')
    await terminal.until('> ')
    terminal.type('exit\r')
    expect(await terminal.code()).toBe(0)
  })

  it('describe shows progress', async () => {
    const terminal = new Terminal('describe', 'clip.gif', '--max-tokens', '8')
    await terminal.until('loading the model')
    await terminal.until('encoding, frame')
    await terminal.until('in total on cpu')
    expect(await terminal.code()).toBe(0)
  })
})
