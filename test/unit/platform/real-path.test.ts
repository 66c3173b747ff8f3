import { mkdir, realpath, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { realPath } from '../../../src/platform/real-path.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { imitateWindowsFiles } from '../../helpers/windows-files.ts'

describe.each([null, 'EISDIR', 'UNKNOWN', 'ENOENT'] as const)('realPath on a drive that answers %s', (code) => {
  it('follows links, and reports where a path leads nowhere', async () => {
    await using scratch = await ScratchFolder.make()
    await mkdir(scratch.path('there'))
    const file = await scratch.write('there/file', '')
    await symlink(scratch.path('there'), scratch.path('link'), 'junction')
    const folder = await realpath(scratch.directory)
    using windows = imitateWindowsFiles()
    if (code !== null) windows.refuseRealPaths(code)
    expect(await realPath(file)).toBe(join(folder, 'there', 'file'))
    expect(await realPath(scratch.path('link/file'))).toBe(join(folder, 'there', 'file'))
    await expect(realPath(scratch.path('nothing'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
