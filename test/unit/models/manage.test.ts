import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { freeModelFolder, removeModel } from '../../../src/engine/models/manage.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

it('removes what an earlier removal had to leave, and no other model', async () => {
  await using home = await ScratchFolder.make()
  for (const name of ['.removing-1b4e', 'damaged', 'other']) {
    await mkdir(home.path(`models/${name}`), { recursive: true })
    await writeFile(home.path(`models/${name}/language.gguf`), 'GGUF')
  }
  await removeModel('damaged', home.directory)
  expect(await readdir(home.path('models'))).toEqual(['other'])
})

it('rejects the name of a model whose folder is a link to a disk that is not connected', async () => {
  await using home = await ScratchFolder.make()
  await mkdir(home.path('models'))
  await symlink(home.path('disconnected'), home.path('models/moved'), 'junction')
  await expect(freeModelFolder('moved', home.directory)).rejects.toMatchObject({ code: 'model-exists' })
  await removeModel('moved', home.directory)
  expect(await freeModelFolder('moved', home.directory)).toBe(home.path('models/moved'))
})
