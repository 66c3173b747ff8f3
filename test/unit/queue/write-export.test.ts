import { mkdir, readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { StoredResult } from '../../../src/queue/export/stored-results.ts'
import { fileFormats, openWriter } from '../../../src/queue/export/write-export.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const result: StoredResult = { line: '{"file":"a.mp4","summary":"A walk."}', code: null, finished: new Date(0), worker: 'w' }

describe.each(fileFormats)('an export as %s', (format) => {
  test('replaces a file only on request, also one that appears meanwhile', async () => {
    await using scratch = await ScratchFolder.make()
    const out = await scratch.write('out', 'mine')
    await expect(openWriter(format, out, false)).rejects.toMatchObject({ code: 'write-failed', remedy: 'existing-file' })
    const late = await openWriter(format, scratch.path('late'), false)
    await late.write([result])
    await scratch.write('late', 'mine')
    await expect(late.finish()).rejects.toMatchObject({ code: 'write-failed', remedy: 'existing-file' })
    await late.close()
    for (const name of ['out', 'late']) expect(await readFile(scratch.path(name), 'utf8')).toBe('mine')
    const writer = await openWriter(format, out, true)
    await writer.write([result])
    await writer.finish()
    await writer.close()
    expect(await readFile(out, 'utf8')).toContain('A walk.')
    expect((await readdir(scratch.directory)).sort()).toEqual(['late', 'out'])
  })

  test('reports a missing folder, and leaves nothing where a folder is', async () => {
    await using scratch = await ScratchFolder.make()
    await expect(openWriter(format, scratch.path('gone/out'), false)).rejects.toMatchObject({ code: 'write-failed' })
    await mkdir(scratch.path('folder'))
    const writer = await openWriter(format, scratch.path('folder'), true)
    await expect(writer.finish()).rejects.toMatchObject({ code: 'write-failed' })
    await writer.close()
    expect(await readdir(scratch.directory)).toEqual(['folder'])
  })
})
