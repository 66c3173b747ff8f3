import { mkdir, readdir, symlink } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { writeStagedFolder } from '../../../../src/engine/models/import/write-staged-folder.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const KEY = { name: 'a', key: 'k' }
const fail = async () => {
  throw new Error('the checkpoint is damaged')
}

test('a failed import removes the folders that it made, but nothing that is in them', async () => {
  await using scratch = await ScratchFolder.make()
  const models = scratch.path('home/models')
  await expect(writeStagedFolder(models, 'a', KEY, fail)).rejects.toThrow('damaged')
  expect(await readdir(scratch.directory)).toEqual([])

  const whileOneIsWritten = async () => {
    await mkdir(scratch.path('home/models/b'))
    await fail()
  }
  await expect(writeStagedFolder(models, 'a', KEY, whileOneIsWritten)).rejects.toThrow('damaged')
  expect(await readdir(models)).toEqual(['b'])
})

test('a folder that is a link to a disk that is not connected is taken, which is found before the work', async () => {
  await using scratch = await ScratchFolder.make()
  await symlink(scratch.path('disconnected'), scratch.path('a'), 'junction')
  const write = async () => expect.fail('it was written')
  await expect(writeStagedFolder(scratch.directory, 'a', KEY, write)).rejects.toMatchObject({ code: 'model-exists' })
  expect(await readdir(scratch.directory)).toEqual(['a'])
})
