import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeClip, writePicture } from './clips.ts'
import { runCli } from './run-cli.ts'
import { makeTinyModel } from './tiny-model.ts'

let folder: string
let common: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-chat-'))
  const home = join(folder, 'home')
  await makeTinyModel(home, 'tiny')
  common = ['--model', 'tiny', '--home', home, '--device', 'cpu', '--max-tokens', '8', '--frames', '3', '--no-cache']
  await writeClip(join(folder, 'clip.gif'))
  await writePicture(join(folder, 'picture.png'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const chat = (lines: readonly string[], options: Parameters<typeof runCli>[1] = {}) =>
  runCli(['chat', 'clip.gif', ...common], { cwd: folder, input: lines.map((line) => `${line}\n`).join(''), ...options })

describe('chat with questions from a pipe', () => {
  it('answers, regenerates, lists frames, clears the conversation and quits', async () => {
    const { code, stdout, stderr } = await chat([
      '/frames',
      'What is this?',
      '/frames',
      '/regenerate',
      'reset',
      '/frames 2',
      'What is this?',
      '/frames',
      '/open picture.png',
      'What is this?',
      '/frames',
      'exit',
      'never asked',
    ])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout.startsWith('No frames yet')).toBe(true)
    expect(stdout.match(/^\d+\. frame \d+ at [\d.]+ s$/gm)).toEqual([
      '1. frame 0 at 0.00 s',
      expect.stringMatching(/^2\. frame [56] at /),
      '3. frame 11 at 1.10 s',
      '1. frame 0 at 0.00 s',
      '2. frame 11 at 1.10 s',
      '1. frame 0 at 0.00 s',
    ])
  })

  it('gives the same answer to the same question about the same clip', async () => {
    const once = await chat(['What is this?'])
    const twice = await chat(['What is this?', '/regenerate', '/reset', 'What is this?'])
    expect(once.code).toBe(0)
    expect(twice.stdout).toBe(once.stdout.repeat(3))
  })

  it('continues after a failed command and reports it in the exit status', async () => {
    const { code, stdout, stderr } = await chat(['/regenerate', '/nonsense', '/open gone.mp4', '/frames 0', 'What is this?'])
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(4)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).not.toBe('')
  })

  it('reports a missing file at once', async () => {
    const { code, stderr } = await runCli(['chat', 'gone.mp4', ...common], { cwd: folder })
    expect(code).toBe(1)
    expect(stderr).toContain('[file-missing]')
  })
})
