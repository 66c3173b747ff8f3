import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, cp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { importCheckpoint } from '../../src/engine/models/import/import-checkpoint.ts'
import { readManifest } from '../../src/engine/models/manifest.ts'
import { jsonLines, runCli } from '../engine/cli/run-cli.ts'
import { example } from '../engine/service/run-service.ts'
import { checkpointPath } from '../helpers/checkpoint-folder.ts'
import { ScratchFolder } from '../helpers/scratch-folder.ts'

/** The root of an empty drive until it is disposed. Wine has no `subst`; the script that starts the tests provides a drive there. */
async function emptyDrive(): Promise<AsyncDisposable & { readonly root: string }> {
  const provided = process.env.TARSIER_TEST_DRIVE
  if (provided !== undefined) {
    const clear = async () => {
      for (const name of await readdir(provided)) await rm(join(provided, name), { recursive: true })
    }
    await clear()
    return { root: provided, [Symbol.asyncDispose]: clear }
  }
  const letter = [...'TUVWXY'].find((each) => !existsSync(`${each}:\\`))
  if (letter === undefined) throw new Error('No drive letter is free.')
  const folder = await ScratchFolder.make()
  execFileSync('subst', [`${letter}:`, folder.directory])
  return {
    root: `${letter}:\\`,
    async [Symbol.asyncDispose]() {
      execFileSync('subst', [`${letter}:`, '/d'])
      await folder[Symbol.asyncDispose]()
    },
  }
}

it('imports a checkpoint at the root of a drive, with the data folder there, and describes a clip there', async () => {
  await using drive = await emptyDrive()
  const { root } = drive
  await cp(checkpointPath('tied-heads-of-16'), root, { recursive: true })
  const signal = new AbortController().signal
  const model = await importCheckpoint(root, { name: 'tiny', language: 'f32', vision: 'f32', home: root, signal })
  expect(model).toBe(join(root, 'models', 'tiny'))
  // The root has no name, so its path is shown.
  expect((await readManifest(model)).source).toEqual({ repository: root, revision: null })
  await copyFile(example('blue-square-spins.mp4'), join(root, 'clip.mp4'))
  const args = ['describe', root, '--sidecar', 'txt', '--model', 'tiny', '--device', 'cpu', '--max-tokens', '4', '--home', root]
  const { code, stdout, stderr } = await runCli([...args, '--json'])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(jsonLines(stdout)).toMatchObject([{ file: join(root, 'clip.mp4') }])
  expect(await readFile(join(root, 'clip.txt'), 'utf8')).toMatch(/\S\n$/)
})
