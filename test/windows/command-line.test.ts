import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { jsonLines, runCli } from '../engine/cli/run-cli.ts'
import { makeTinyModel } from '../engine/cli/tiny-model.ts'
import { example } from '../engine/service/run-service.ts'
import { ScratchFolder } from '../helpers/scratch-folder.ts'

const CLIP = example('blue-square-spins.mp4')

let scratch: ScratchFolder
let home: string
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  home = scratch.path('home')
  await makeTinyModel(home, 'tiny')
})
afterAll(() => scratch[Symbol.asyncDispose]())

function describeClips(args: readonly string[], cwd = scratch.directory) {
  return runCli(['describe', ...args, '--model', 'tiny', '--device', 'cpu', '--max-tokens', '4', '--home', home], { cwd })
}

/** Copies the clip, creating folders; returns its path. */
async function clipAt(...names: string[]): Promise<string> {
  const path = scratch.path(join(...names))
  await mkdir(dirname(path), { recursive: true })
  await copyFile(CLIP, path)
  return path
}

const UNICODE = ['Müller.mp4', 'Müller zwei.mp4'.normalize('NFD'), '日本語.mp4', 'дом & сад.mp4', '🐒 [1] (2) %PATH%.mp4']

it('writes a text beside each clip with names in any alphabet', async () => {
  for (const name of UNICODE) await clipAt('names', name)
  const { code, stderr } = await describeClips(['names', '--sidecar', 'txt'])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const texts = UNICODE.map((name) => name.replace('.mp4', '.txt'))
  expect((await readdir(scratch.path('names'))).sort()).toEqual([...UNICODE, ...texts].sort())
  for (const name of texts) expect(await readFile(scratch.path(join('names', name)), 'utf8')).toMatch(/\S\n$/)
})

it('expands patterns, which no shell of Windows does', async () => {
  for (const name of ['one.mp4', 'two.mp4', 'three.MP4', 'four.txt']) await clipAt('patterns', name)
  const { code, stdout } = await describeClips(['patterns\\*.mp4', '--json'])
  expect(code).toBe(0)
  expect(jsonLines(stdout)).toMatchObject(
    ['one', 'three', 'two'].map((name) => ({ file: expect.stringMatching(`^patterns[\\\\/]${name}\\.`) })),
  )
})
