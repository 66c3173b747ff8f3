import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { homeToken } from '../../../src/serve/home-token.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

test('a home folder keeps its token in a file that only its user can read', async () => {
  await using scratch = await ScratchFolder.make()
  const token = await homeToken(scratch.directory)
  expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/)
  expect(await homeToken(scratch.directory)).toBe(token)
  const path = join(scratch.directory, 'server-token')
  expect(await readFile(path, 'utf8')).toBe(`${token}\n`)
  await writeFile(path, 'short')
  const next = await homeToken(scratch.directory)
  expect(next).not.toBe(token)
  if (process.platform === 'win32') return
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  // Others could have read it.
  await chmod(path, 0o644)
  expect(await homeToken(scratch.directory)).not.toBe(next)
})
