import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { benchContract } from '../../../../src/shared/contract/bench.ts'
import { servePage } from '../../../helpers/page-service.ts'

const area = implement(benchContract)
const id = (letter: string) => letter.repeat(22)
let asked: unknown = null
const handler = new RPCHandler({
  bench: {
    samples: area.samples.handler(({ input }) => {
      asked = input
      return { items: [], total: 0, offset: 0 }
    }),
    compare: area.compare.handler(({ input }) => {
      asked = input
      return { items: [], total: 0, counts: {} } as never
    }),
  },
})
await servePage(handler)
const { useBenchList } = await import('../../../../src/renderer/stores/bench-list.ts')

test('the list of a run keeps its filters when another run was listed meanwhile', async () => {
  const { ask, list } = useBenchList.getState()
  await list(id('a'), null)
  const query = { run: id('a'), other: null, dataset: 'DREAM', text: 'cat', state: 'wrong', change: null, order: 'worst' } as const
  await ask(query)
  await list(id('b'), null)
  expect(useBenchList.getState().query).toEqual({ ...query, run: id('b'), dataset: null, text: '', state: null, order: 'run' })
  await list(id('a'), null)
  expect(useBenchList.getState().query).toEqual(query)
  expect(asked).toMatchObject({ run: id('a'), dataset: 'DREAM', text: 'cat', state: 'wrong', order: 'worst' })
})

test('a comparison searches for what the list of its run was searched for, and keeps its own filter', async () => {
  const { ask, list } = useBenchList.getState()
  await ask({ run: id('c'), other: null, dataset: null, text: 'dog', state: 'wrong', change: null, order: 'run' })
  await list(id('c'), id('d'))
  expect(asked).toEqual({ run: id('c'), other: id('d'), text: 'dog', offset: 0, limit: expect.any(Number) })
  const { query } = useBenchList.getState()
  if (query) await ask({ ...query, change: 'better' })
  await list(id('c'), null)
  await list(id('c'), id('d'))
  expect(asked).toMatchObject({ other: id('d'), change: 'better' })
})
