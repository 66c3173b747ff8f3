import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { FAILED } from '../../../../src/shared/contract/base.ts'
import { type Chat, chatsContract } from '../../../../src/shared/contract/chats.ts'
import { servePage } from '../../../helpers/page-service.ts'

const id = (letter: string) => letter.repeat(22)
const area = implement(chatsContract)
const gone = (): never => {
  const data = { code: 'nothing-found' as const, message: 'The clip is no longer in the library.' }
  throw new ORPCError(FAILED, { status: 422, message: data.message, data, defined: true })
}
const handler = new RPCHandler({
  chats: {
    get: area.get.handler(gone),
    create: area.create.handler(gone),
    ask: area.ask.handler(gone),
    list: area.list.handler(() => []),
  },
})
await servePage(handler)
const { useChat } = await import('../../../../src/renderer/stores/chat.ts')

test('a question about a clip that was removed from the library says so', async () => {
  const chat: Chat = {
    id: id('c'),
    clip: id('h'),
    title: '',
    turns: 0,
    model: null,
    created: 1,
    updated: 1,
    all: [],
    metadata: {} as never,
  }
  await useChat.getState().show(chat)
  await useChat.getState().ask('What moves?', {})
  expect(useChat.getState()).toMatchObject({ run: null, problem: { code: 'nothing-found' } })
})
