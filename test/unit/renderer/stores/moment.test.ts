import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { eventsContract } from '../../../../src/shared/contract/events.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const HANDLE = 'abcdefghijklmnopqrstuv'
const area = implement(eventsContract)
let wasStopped = false
const handler = new RPCHandler({
  events: {
    saveMoment: area.saveMoment.handler(async function* ({ signal }) {
      yield { kind: 'making', value: 0.5 }
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      wasStopped = true
    }),
  },
})
await servePage(handler)
const { useMoment } = await import('../../../../src/renderer/stores/moment.ts')

test('a moment that is being saved is known by its times, and is dropped with its clip', async () => {
  const saving = useMoment.getState().save(HANDLE, { start: 1, end: 2.5 })
  await vi.waitFor(() => expect(useMoment.getState().saving).toEqual({ start: 1, end: 2.5, value: 0.5 }), WAIT)
  useMoment.getState().clear()
  await saving
  expect(useMoment.getState()).toMatchObject({ saving: null, problem: null })
  await vi.waitFor(() => expect(wasStopped).toBe(true), WAIT)
})
