import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { type Hit, libraryContract, type Search } from '../../../../src/shared/contract/library.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const area = implement(libraryContract)
let asked: Search | null = null
const handler = new RPCHandler({
  library: {
    search: area.search.handler(({ input }) => {
      asked = input
      if (input.text === 'refused') throw new ORPCError('BAD_REQUEST')
      if (input.text === 'cat') return { items: [{ text: 'cat' } as unknown as Hit], total: 1 }
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

test('the field says what is searched: what is typed after a moment, and at once what an address or a filter asks for', async () => {
  const store = useLibrary.getState
  store().type('ca')
  store().type('cat')
  expect(store()).toMatchObject({ typed: 'cat', query: { text: '' } })
  await vi.waitFor(() => expect(store()).toMatchObject({ query: { text: 'cat' }, total: 1, loading: false }), WAIT)
  store().type('cats')
  await store().search({ text: 'dog' })
  expect(store()).toMatchObject({ typed: 'dog', query: { text: 'dog' }, total: 0 })
  store().type('cat')
  await store().again()
  expect(store()).toMatchObject({ typed: 'cat', query: { text: 'cat' }, total: 1 })
})

test('after a search that fails, no entries of another one are listed', async () => {
  const store = useLibrary.getState
  await store().search({ text: 'cat' })
  expect(store().total).toBe(1)
  await store().search({ text: 'refused' })
  expect(store()).toMatchObject({ total: 0, pages: new Map(), loading: false })
  expect(store().problem).not.toBeNull()
})
