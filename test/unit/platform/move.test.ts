import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { move, moveSync, remove, removeSync } from '../../../src/platform/move.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { imitateWindowsFiles } from '../../helpers/windows-files.ts'

describe('move', () => {
  it('replaces a file', async () => {
    await using scratch = await ScratchFolder.make()
    const from = await scratch.write('new', 'new')
    const to = await scratch.write('old', 'old')
    await move(from, to)
    expect(await readFile(to, 'utf8')).toBe('new')
    expect(await readdir(scratch.directory)).toEqual(['old'])
  })

  it.each(['EPERM', 'EBUSY', 'EACCES'] as const)('retries while another program has a file of the folder open (%s)', async (code) => {
    await using scratch = await ScratchFolder.make()
    await mkdir(scratch.path('folder'))
    await writeFile(scratch.path('folder/file'), 'whole')
    using windows = imitateWindowsFiles()
    windows.refuseMoves(3, code)
    await move(scratch.path('folder'), scratch.path('model'), 10_000)
    expect(windows.refused).toBe(3)
    expect(await readFile(scratch.path('model/file'), 'utf8')).toBe('whole')
  })

  it('fails after its time limit, and leaves everything in place', async () => {
    await using scratch = await ScratchFolder.make()
    const from = await scratch.write('new', 'new')
    using windows = imitateWindowsFiles()
    windows.refuseMoves(1000, 'EBUSY')
    await expect(move(from, scratch.path('old'), 100)).rejects.toMatchObject({ code: 'EBUSY' })
    expect(windows.refused).toBeGreaterThan(1)
    expect(await readdir(scratch.directory)).toEqual(['new'])
  })

  it('does not retry a permanent failure', async () => {
    await using scratch = await ScratchFolder.make()
    const started = performance.now()
    await expect(move(scratch.path('nothing'), scratch.path('there'), 60_000)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(performance.now() - started).toBeLessThan(30_000)
  })
})

describe('moveSync', () => {
  it('retries while another program has the file open', async () => {
    await using scratch = await ScratchFolder.make()
    const from = await scratch.write('new', 'new')
    const to = await scratch.write('old', 'old')
    using windows = imitateWindowsFiles()
    windows.refuseMoves(3, 'EPERM')
    moveSync(from, to, 10_000)
    expect(windows.refused).toBe(3)
    expect(await readFile(to, 'utf8')).toBe('new')
  })

  it('fails after its time limit', async () => {
    await using scratch = await ScratchFolder.make()
    const from = await scratch.write('new', 'new')
    using windows = imitateWindowsFiles()
    windows.refuseMoves(1000, 'EBUSY')
    expect(() => moveSync(from, scratch.path('old'), 100)).toThrow(expect.objectContaining({ code: 'EBUSY' }))
    expect(windows.refused).toBeGreaterThan(1)
    expect(await readdir(scratch.directory)).toEqual(['new'])
  })
})

describe.each([
  ['remove', remove],
  ['removeSync', removeSync],
])('%s', (_name, removePath) => {
  it('removes folders, files, and missing paths', async () => {
    await using scratch = await ScratchFolder.make()
    await mkdir(scratch.path('folder/within'), { recursive: true })
    await scratch.write('file', 'file')
    for (const name of ['folder', 'file', 'nothing']) await removePath(scratch.path(name))
    expect(await readdir(scratch.directory)).toEqual([])
  })

  it.each(['EPERM', 'EBUSY', 'EACCES', 'ENOTEMPTY'] as const)('retries while another program has a file open (%s)', async (code) => {
    await using scratch = await ScratchFolder.make()
    await mkdir(scratch.path('folder'))
    await writeFile(scratch.path('folder/file'), 'whole')
    using windows = imitateWindowsFiles()
    windows.refuseRemovals(3, code)
    await removePath(scratch.path('folder'), 10_000)
    expect(windows.refused).toBe(3)
    expect(await readdir(scratch.directory)).toEqual([])
  })
})
