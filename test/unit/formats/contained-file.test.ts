import { execFileSync } from 'node:child_process'
import { link, mkdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { containedPath, openContained } from '../../../src/engine/formats/contained-file.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { imitateWindowsFiles } from '../../helpers/windows-files.ts'

/** A model's folder with a file in it, and a secret file beside it. */
async function scene(): Promise<ScratchFolder & { model: string }> {
  const folder = await ScratchFolder.make()
  const model = folder.path('model')
  await mkdir(join(model, 'inner'), { recursive: true })
  await writeFile(join(model, 'weights.bin'), 'weights')
  await writeFile(join(model, 'inner', 'deep.bin'), 'deep')
  await folder.write('secret.bin', 'secret')
  await mkdir(folder.path('model-2'))
  await writeFile(folder.path('model-2/secret.bin'), 'secret')
  return Object.assign(folder, { model })
}

describe('containedPath', () => {
  it('returns the file, and null for a missing one', async () => {
    await using folder = await scene()
    expect(await containedPath(folder.model, 'weights.bin')).toMatch(/model.weights\.bin$/)
    expect(await containedPath(folder.model, 'other.bin')).toBeNull()
    expect(await openContained(folder.model, 'other.bin')).toBeNull()
  })

  it.each([
    '',
    '.',
    '..',
    '../secret.bin',
    './weights.bin',
    'inner/deep.bin',
    'inner/../weights.bin',
    'inner/../../secret.bin',
    '../model-2/secret.bin',
    '/etc/passwd',
    '//etc/passwd',
    '..\\secret.bin',
    'inner\\deep.bin',
    'C:\\Windows\\win.ini',
    'C:secret.bin',
    'c:',
    '\\\\server\\share\\secret.bin',
    '\\\\?\\C:\\secret.bin',
    '%2e%2e/secret.bin',
    '%2e%2e%2fsecret.bin',
    '..%5csecret.bin',
    'weights.bin\0.txt',
    '\0',
    'weights.bin/',
    'weights.bin::$DATA',
    'weights.bin:stream',
    'weights.bin.',
    'weights.bin ',
    ' weights.bin',
    '.hidden',
    '~',
    '~/secret.bin',
    '$HOME',
    'CON',
    'nul.bin',
    'Aux.safetensors',
    'com1',
    'SECRET~1.BIN',
    '..／secret.bin',
    '．．/secret.bin',
    'weights\n.bin',
    '-rf',
  ])('rejects the name %j', async (name) => {
    await using folder = await scene()
    await expect(containedPath(folder.model, name)).rejects.toMatchObject({ code: 'model-damaged' })
  })

  it('never returns a path outside the folder', async () => {
    await using folder = await scene()
    const part = fc.oneof(
      fc.constantFrom('..', '.', '/', '\\', 'secret.bin', 'weights.bin', 'inner', '\0', ':', '%2e', sep),
      fc.string({ maxLength: 4 }),
    )
    const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(name, async (asked) => {
        const path = await containedPath(folder.model, asked).catch((error: { code?: string }) => {
          expect(error.code).toBe('model-damaged')
          return null
        })
        if (path !== null) expect(path).toMatch(/model.weights\.bin$/)
      }),
      { numRuns: 500 },
    )
  })
})

// Windows lets only administrators and developers make links to files.
describe.skipIf(process.platform === 'win32')('a link', () => {
  it('is followed within the folder', async () => {
    await using folder = await scene()
    await symlink('weights.bin', join(folder.model, 'other.bin'))
    expect(await containedPath(folder.model, 'other.bin')).toMatch(/model.weights\.bin$/)
  })

  it.each<[string, (folder: ScratchFolder & { model: string }) => Promise<unknown>]>([
    ['to a file beside the folder', ({ model }) => symlink('../secret.bin', join(model, 'x.bin'))],
    ['to a folder with the same name prefix', ({ model }) => symlink('../model-2/secret.bin', join(model, 'x.bin'))],
    ['to an absolute path', (folder) => symlink(folder.path('secret.bin'), join(folder.model, 'x.bin'))],
    ['to a link that leaves the folder', async ({ model }) => {
      await symlink('../secret.bin', join(model, 'inner', 'out.bin'))
      await symlink('inner/out.bin', join(model, 'x.bin'))
    }], // biome-ignore format: a case
    ['to nothing', ({ model }) => symlink('gone.bin', join(model, 'x.bin'))],
    ['to itself', ({ model }) => symlink('x.bin', join(model, 'x.bin'))],
    ['to a folder', ({ model }) => symlink('inner', join(model, 'x.bin'))],
  ])('is rejected: %s', async (_, make) => {
    await using folder = await scene()
    await make(folder)
    await readlink(join(folder.model, 'x.bin'))
    await expect(openContained(folder.model, 'x.bin')).rejects.toMatchObject({ code: /model-damaged|file-unreadable/ })
  })

  it('of a snapshot in the Hugging Face cache leads only to its blobs', async () => {
    await using folder = await ScratchFolder.make()
    const repository = folder.path('models--a--b')
    const snapshot = join(repository, 'snapshots', 'abc')
    await mkdir(snapshot, { recursive: true })
    await mkdir(join(repository, 'blobs'))
    await writeFile(join(repository, 'blobs', 'sum'), 'weights')
    await folder.write('secret', 'secret')
    await symlink('../../blobs/sum', join(snapshot, 'good.bin'))
    await symlink('../../../secret', join(snapshot, 'bad.bin'))
    const options = { huggingFaceCache: true }
    expect(await containedPath(snapshot, 'good.bin', options)).toMatch(/blobs.sum$/)
    await expect(containedPath(snapshot, 'good.bin')).rejects.toMatchObject({ code: 'model-damaged' })
    await expect(containedPath(snapshot, 'bad.bin', options)).rejects.toMatchObject({ code: 'model-damaged' })
    // A blob that repositories share, and another file there.
    const shared = join('blobs', 'ab', `ab${'0'.repeat(62)}`)
    await mkdir(folder.path('blobs/ab'), { recursive: true })
    await folder.write(shared, 'weights')
    await folder.write('blobs/ab/secret', 'secret')
    await symlink(join('..', '..', shared), join(repository, 'blobs', 'shared'))
    await symlink('../../blobs/ab/secret', join(repository, 'blobs', 'unnamed'))
    for (const name of ['shared', 'unnamed']) await symlink(`../../blobs/${name}`, join(snapshot, name))
    expect(await containedPath(snapshot, 'shared', options)).toBe(folder.path(shared))
    await expect(containedPath(snapshot, 'shared')).rejects.toMatchObject({ code: 'model-damaged' })
    await expect(containedPath(snapshot, 'unnamed', options)).rejects.toMatchObject({ code: 'model-damaged' })
  })

  it('is followed within the folder and rejected outside it on a drive whose real paths the system cannot name', async () => {
    await using folder = await scene()
    await symlink('weights.bin', join(folder.model, 'inside.bin'))
    await symlink('../secret.bin', join(folder.model, 'outside.bin'))
    using windows = imitateWindowsFiles()
    windows.refuseRealPaths('EISDIR')
    expect(await containedPath(folder.model, 'inside.bin')).toMatch(/model.weights\.bin$/)
    await expect(containedPath(folder.model, 'outside.bin')).rejects.toMatchObject({ code: 'model-damaged' })
  })

  it('that is hard is the file itself', async () => {
    await using folder = await scene()
    await link(folder.path('secret.bin'), join(folder.model, 'x.bin'))
    expect(await containedPath(folder.model, 'x.bin')).toMatch(/model.x\.bin$/)
  })
})

// Windows has no named pipes in folders.
describe.skipIf(process.platform === 'win32')('a path that is no file', () => {
  it('is rejected at once, including a pipe without a writer', async () => {
    await using folder = await scene()
    execFileSync('mkfifo', [join(folder.model, 'pipe.bin')])
    await expect(openContained(folder.model, 'pipe.bin')).rejects.toMatchObject({ code: 'model-damaged' })
    await expect(openContained(folder.model, 'inner')).rejects.toMatchObject({ code: 'model-damaged' })
  })
})
