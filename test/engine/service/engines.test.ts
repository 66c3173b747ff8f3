import { expect, test } from 'vitest'
import { Engines } from '../../../src/service/engines.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

test('an engine that ends while it is asked where a question would start counts as not loaded', async () => {
  await using scratch = await ScratchFolder.make()
  await using engines = new Engines({ home: scratch.directory }, () => {}, {})
  const choice = { model: 'demo', device: 'cpu', cache: false } as const
  const client = await engines.for(choice, 'a')
  await client.load(new AbortController().signal)
  const question = { conversation: 'a', messages: [] }
  expect((await engines.runStart(choice, question)).loaded).not.toBeNull()
  const asked = engines.runStart(choice, question)
  await engines.unload()
  expect(await asked).toEqual({ loaded: null, freed: 0 })
})
