import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { FAILED } from '../../../../src/shared/contract/base.ts'
import { type Chat, chatsContract, type Turn } from '../../../../src/shared/contract/chats.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const id = (letter: string) => letter.repeat(22)
const turn = {
  index: 0,
  question: 'What is it?',
  state: 'done',
  text: 'A square.',
  answer: null,
  error: null,
  settings: {},
} as unknown as Turn
const chat: Chat = {
  id: id('c'),
  clip: id('h'),
  title: '',
  turns: 1,
  model: null,
  created: 1,
  updated: 1,
  all: [turn],
  metadata: {} as never,
}
const area = implement(chatsContract)
const requests: string[] = []
const refuse = (request: string): never => {
  requests.push(request)
  const data = { code: 'disk-full' as const, message: 'The disk is full.' }
  throw new ORPCError(FAILED, { status: 422, message: data.message, data, defined: true })
}
const handler = new RPCHandler({
  chats: {
    get: area.get.handler(() => chat),
    list: area.list.handler(() => []),
    ask: area.ask.handler(({ input }) => refuse(`ask ${input.text}`)),
    regenerate: area.regenerate.handler(() => refuse('regenerate')),
    edit: area.edit.handler(({ input }) => refuse(`edit ${input.turn} ${input.text}`)),
  },
})
await servePage(handler)
const { ask, askAgain, askEdited, tryAgain } = await import('../../../../src/renderer/flows/ask.ts')
const { useChat } = await import('../../../../src/renderer/stores/chat.ts')
const { useQuestion } = await import('../../../../src/renderer/stores/question.ts')

/** Waits until this many requests have failed, and the page says so. */
const refused = (count: number) =>
  vi.waitFor(() => {
    expect(requests).toHaveLength(count)
    expect(useChat.getState()).toMatchObject({ run: null, problem: { code: 'disk-full' } })
  }, WAIT)

test('trying again repeats what could not be started: a question as it is in its field now, the last answer, or an edited question', async () => {
  await useChat.getState().show(chat)
  useQuestion.getState().write(chat.id, 'What moves?')
  await ask('What moves?')
  expect(useQuestion.getState().texts[chat.id]).toBe('What moves?')
  useQuestion.getState().write(chat.id, 'What grows?')
  tryAgain()
  await refused(2)
  askAgain()
  await refused(3)
  tryAgain()
  await refused(4)
  askEdited(0, 'What spins?')
  await refused(5)
  tryAgain()
  await refused(6)
  expect(requests).toEqual(['ask What moves?', 'ask What grows?', 'regenerate', 'regenerate', 'edit 0 What spins?', 'edit 0 What spins?'])
})
