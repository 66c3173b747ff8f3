import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { runCli } from '../engine/cli/run-cli.ts'
import { makeTinyModel } from '../engine/cli/tiny-model.ts'
import { example } from '../engine/service/run-service.ts'
import { checkpointPath } from '../helpers/checkpoint-folder.ts'
import { ScratchFolder } from '../helpers/scratch-folder.ts'

/** The longest path that programs for Windows take without further measures. */
const MAX_PATH = 260

/** Creates a folder whose path is longer than `MAX_PATH`. */
async function longFolder(scratch: ScratchFolder, name: string): Promise<string> {
  const path = join(scratch.path(name), ...Array.from({ length: 4 }, (_, i) => `${i}-${'long'.repeat(20)}`))
  expect(path.length).toBeGreaterThan(MAX_PATH)
  await mkdir(path, { recursive: true })
  return path
}

it('describes videos and pictures with long paths, and writes the texts beside them', async () => {
  await using scratch = await ScratchFolder.make()
  const home = scratch.path('home')
  await makeTinyModel(home, 'tiny')
  const clips = await longFolder(scratch, 'clips')
  await copyFile(example('blue-square-spins.mp4'), join(clips, 'video.mp4'))
  const png = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  await writeFile(join(clips, 'picture.png'), png)
  const { code, stderr } = await runCli(
    ['describe', clips, '--sidecar', 'txt', '--model', 'tiny', '--device', 'cpu', '--max-tokens', '4', '--home', home],
    { cwd: scratch.directory },
  )
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect((await readdir(clips)).sort()).toEqual(['picture.png', 'picture.txt', 'video.mp4', 'video.txt'])
})

it.each([
  ['f32', 'f32'],
  ['q8_0', 'f16'],
  ['q4_k_m', 'int8'],
])('imports a model as %s and %s, renames, runs and removes it in a data folder with a long path', async (language, vision) => {
  await using scratch = await ScratchFolder.make()
  const home = await longFolder(scratch, 'home')
  const run = (...args: readonly string[]) => runCli([...args, '--home', home], { cwd: scratch.directory })
  const checkpoint = checkpointPath('tied-heads-of-16')
  expect(await run('models', 'import', checkpoint, '--name', 'tiny', '--language', language, '--vision', vision)).toMatchObject({ code: 0 })
  expect(await run('models', 'rename', 'tiny', 'small')).toMatchObject({ code: 0 })
  const described = await run('describe', example('blue-square-spins.mp4'), '--model', 'small', '--device', 'cpu', '--max-tokens', '4')
  expect(described).toMatchObject({ code: 0, stdout: expect.stringMatching(/\S/) })
  expect(await readFile(join(home, 'models', 'small', 'tarsier-model.json'), 'utf8')).toContain('"small"')
  expect(await run('models', 'remove', 'small', '--yes')).toMatchObject({ code: 0 })
  expect(await readdir(join(home, 'models'))).toEqual([])
})
