import { mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeSidecar } from '../../../src/jobs/sinks/sidecar.ts'

describe('writing sidecars', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tarsier-sidecar-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('writes the text with a newline and leaves no temporary file', async () => {
    await writeSidecar(join(folder, 'a.txt'), 'A circle.', { overwrite: false })
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('A circle.\n')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  it('overwrites only on request', async () => {
    const path = join(folder, 'a.txt')
    await writeFile(path, 'mine')
    await expect(writeSidecar(path, 'new', { overwrite: false })).rejects.toMatchObject({ code: 'write-failed' })
    expect(await readFile(path, 'utf8')).toBe('mine')
    await writeSidecar(path, 'new', { overwrite: true })
    expect(await readFile(path, 'utf8')).toBe('new\n')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  it('does not replace a link to a disk that is not connected', async () => {
    const path = join(folder, 'a.txt')
    await symlink(join(folder, 'disconnected'), path, 'junction')
    await expect(writeSidecar(path, 'new', { overwrite: false })).rejects.toMatchObject({ code: 'write-failed' })
    expect(await readlink(path)).toContain('disconnected')
  })

  it('reports a missing folder', async () => {
    await expect(writeSidecar(join(folder, 'gone', 'a.txt'), 'x', { overwrite: false })).rejects.toMatchObject({ code: 'write-failed' })
  })
})
