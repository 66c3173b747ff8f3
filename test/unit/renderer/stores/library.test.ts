import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { libraryContract, type Search } from '../../../../src/shared/contract/library.ts'
import { servePage } from '../../../helpers/page-service.ts'

const area = implement(libraryContract)
let asked: Search | null = null
const handler = new RPCHandler({
  library: {
    search: area.search.handler(({ input }) => {
      asked = input
      return { items: [], total: 0 }
    }),
  },
})
await servePage(handler)
const { useLibrary } = await import('../../../../src/renderer/stores/library.ts')

test('a search for the last days asks for what is newer than that, and its query says so', async () => {
  const before = Date.now()
  await useLibrary.getState().search({ text: 'circle', days: 7 })
  expect(useLibrary.getState().query).toEqual({ text: 'circle', days: 7 })
  expect(asked).toMatchObject({ text: 'circle' })
  const from = asked?.from ?? 0
  expect(from).toBeGreaterThanOrEqual(before - 7 * 86_400_000)
  expect(from).toBeLessThanOrEqual(Date.now() - 7 * 86_400_000)
  await useLibrary.getState().search({ text: '' })
  expect(asked?.from).toBeUndefined()
})
