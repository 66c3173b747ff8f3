import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../../../src/engine/loaded-model.ts'
import { importCheckpoint } from '../../../src/engine/models/import/import-checkpoint.ts'
import { checkpointPath, type JsonObject } from '../../helpers/checkpoint-folder.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal

let scratch: ScratchFolder
beforeAll(async () => {
  scratch = await ScratchFolder.make()
  await cp(fileURLToPath(new URL('../../../resources/models/demo', import.meta.url)), scratch.path('demo'), { recursive: true })
  await importCheckpoint(checkpointPath('tarsier-heads-of-16'), {
    name: 'm',
    destination: scratch.path('tarsier1'),
    language: 'f32',
    vision: 'f32',
    home: scratch.path('home'),
    signal: never,
  })
})
afterAll(() => scratch[Symbol.asyncDispose]())

/** Opens both parts of a model with a changed manifest and returns the error. */
async function problemOf(name: 'demo' | 'tarsier1', change: (manifest: JsonObject) => void): Promise<unknown> {
  const path = join(scratch.path(name), 'tarsier-model.json')
  const whole = await readFile(path, 'utf8')
  const manifest = JSON.parse(whole)
  change(manifest)
  await writeFile(path, JSON.stringify(manifest))
  try {
    await using model = await loadModel({ model: scratch.path(name), device: 'cpu', home: scratch.path('home'), cache: false }, never)
    await model.resources.tower()
    return null
  } catch (error) {
    return error
  } finally {
    await writeFile(path, whole)
  }
}

describe('loading rejects a model whose manifest does not fit its files', () => {
  test('a fitting manifest is accepted', async () => {
    expect(await problemOf('demo', () => {})).toBeNull()
    expect(await problemOf('tarsier1', () => {})).toBeNull()
  })

  test.each<[string, 'demo' | 'tarsier1', string, (manifest: JsonObject) => void]>([
    ['rows of another width on both sides', 'demo', 'model-mismatch', ({ vision, language }) => (vision.width = language.width = 256)],
    ['rows of another width on one side', 'demo', 'model-mismatch', ({ language }) => (language.width = 256)],
    ['other patches', 'demo', 'model-damaged', ({ vision }) => (vision.patchSize = 16)],
    ['other tokens', 'demo', 'model-damaged', ({ vision }) => (vision.mergeSize = 4)],
    ['other heads', 'demo', 'model-damaged', ({ vision }) => (vision.headSize = 64)],
    ['patches of impossible size', 'demo', 'model-damaged', ({ vision }) => (vision.patchSize = 2 ** 31)],
    ['an impossible number of tokens', 'demo', 'model-damaged', ({ vision }) => (vision.mergeSize = 2 ** 20)],
    ['pictures of another size', 'tarsier1', 'model-damaged', ({ vision }) => (vision.imageSize *= 2)],
    ['pictures smaller by a patch', 'tarsier1', 'model-damaged', ({ vision }) => (vision.imageSize -= vision.patchSize)],
    ['no separators of rows', 'tarsier1', 'model-damaged', ({ vision }) => (vision.rowSeparators = !vision.rowSeparators)],
    ['no separator of frames', 'tarsier1', 'model-damaged', ({ vision }) => (vision.frameSeparator = !vision.frameSeparator)],
    ['a class token', 'tarsier1', 'model-damaged', ({ vision }) => (vision.classToken = !vision.classToken)],
  ])('%s', async (_, name, code, change) => {
    expect(await problemOf(name, change)).toMatchObject({ code, message: expect.stringMatching(/^[^\n]{20,}[.]$/) })
  })

  test('another family', async () => {
    const problem = await problemOf('demo', (manifest) => {
      const { headSize: _, temporalPatchSize: __, ...vision } = manifest.vision
      const { mean, std } = manifest.preprocessing
      manifest.family = 'tarsier'
      manifest.vision = { ...vision, imageSize: 336, classToken: false, rowSeparators: false, frameSeparator: false }
      manifest.preprocessing = { mean, std, square: 'pad', shortestSide: 336 }
    })
    expect(problem).toMatchObject({ code: 'model-damaged' })
  })
})
