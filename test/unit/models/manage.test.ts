import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { removeModel } from '../../../src/engine/models/manage.ts'
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
