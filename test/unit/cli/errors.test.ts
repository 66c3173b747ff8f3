import { describe, expect, it } from 'vitest'
import { errorLine } from '../../../src/cli/errors.ts'
import { exitCodeOf } from '../../../src/cli/exit-codes.ts'
import { openImportSource } from '../../../src/engine/models/import/import-source.ts'
import { readManifest } from '../../../src/engine/models/manifest.ts'
import { resolveModel } from '../../../src/engine/models/registry.ts'
import { refuseExisting, writeSidecar } from '../../../src/jobs/sinks/sidecar.ts'
import { asTarsierError, TarsierError } from '../../../src/shared/errors.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

describe('errors on stderr', () => {
  it('have the file, the message and the code on one line', () => {
    const error = new TarsierError('file-empty', 'The file is empty.\nGive another.')
    expect(errorLine(error, 'a.mp4')).toBe('tarsier: a.mp4: The file is empty. Give another. [file-empty]')
  })

  it('do not repeat the file', () => {
    expect(errorLine(new TarsierError('file-missing', 'There is no a.mp4.'), 'a.mp4')).toBe('tarsier: There is no a.mp4. [file-missing]')
  })

  it('include the command of the remedy', () => {
    expect(errorLine(new TarsierError('engine-crashed', 'Choose the CPU.'))).toBe(
      'tarsier: Choose the CPU. (--device cpu) [engine-crashed]',
    )
    const fits = new TarsierError('context-full', 'It fits with 4 frames.', { details: { visual: 900, frames: 4, maxPixels: 5000 } })
    expect(errorLine(fits)).toContain(
      'It fits with 4 frames. (--frames 4 --max-pixels 5000; "tarsier describe --fit" does this automatically)',
    )
    expect(errorLine(new TarsierError('context-full', 'Start over.', { details: { visual: 9 } }))).toBe(
      'tarsier: Start over. [context-full]',
    )
  })

  it('add their own hint to messages of other parts', async () => {
    await using scratch = await ScratchFolder.make()
    const [alone, folder] = [await scratch.write('a.gguf', ''), scratch.directory]
    const refused: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => openImportSource(alone, {}, { name: 'a' }), '"mmproj". (give the GGUF file of the language model as the source'],
      [() => openImportSource(folder, {}, { name: 'a' }), 'of its vision tower with --mmproj FILE) [usage]'],
      [() => resolveModel('nobody', folder), '("tarsier models import SOURCE --name NAME"; '],
      [() => readManifest(folder), '("tarsier models import SOURCE --name NAME"; '],
      [() => Promise.reject(refuseExisting('a.txt')), 'overwrite it. (--skip-existing, --overwrite) [write-failed]'],
      [
        () => writeSidecar(scratch.path('none/a.txt'), '', { overwrite: false }),
        'Create the folder, or choose another one. [write-failed]',
      ],
    ]
    for (const [work, words] of refused) {
      const error = await work().then(() => null, asTarsierError)
      expect(errorLine(error)).toContain(words)
      expect(error?.message).not.toMatch(/--|tarsier models/)
    }
  })

  it('report unexpected errors as internal, without a stack', () => {
    const line = errorLine(new RangeError('boom'))
    expect(line).toContain('boom')
    expect(line).toContain('[internal]')
    expect(line).not.toContain('    at ')
  })

  it('escape control characters of file names', () => {
    expect(errorLine(new TarsierError('not-media', 'Not a clip.'), 'evil\x1b[2J\x07.mp4')).toBe(
      'tarsier: evil�[2J�.mp4: Not a clip. [not-media]',
    )
  })
})

it.each([
  ['usage', 2],
  ['hub-offline', 69],
  ['model-unavailable', 69],
  ['hub-rate-limited', 75],
  ['bench-busy', 75],
  ['hub-gated', 77],
  ['file-missing', 1],
  ['internal', 1],
] as const)('a command that fails with %s exits with status %i', (code, status) => {
  expect(exitCodeOf(new TarsierError(code, 'It failed.'))).toBe(status)
})
