import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { afterEach, expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { FAILED } from '../../../../src/shared/contract/base.ts'
import { type Chat, type ChatEvent, chatsContract, type Turn } from '../../../../src/shared/contract/chats.ts'
import type { ErrorCode } from '../../../../src/shared/error-codes.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const id = (letter: string) => letter.repeat(22)
const turn = (index: number, state: Turn['state'] = 'done') =>
  ({ index, question: `Question ${index}`, state, text: 'A square.', answer: null, error: null, settings: {} }) as unknown as Turn
const chatOf = (all: readonly Turn[], updated: number): Chat => ({
  id: id('c'),
  clip: id('h'),
  title: '',
  turns: all.length,
  model: null,
  created: 1,
  updated,
  all,
  metadata: {} as never,
})
const shown = chatOf([turn(0)], 1)
/** What the service has stored, and how it refuses; null: it does not respond. */
let stored: Chat | null = shown
let code: ErrorCode = 'conversation-changed'
let end = () => {}
let running = Promise.resolve()
const requests: unknown[] = []
const refuse = (input: unknown): never => {
  requests.push(input)
  if (stored === null) throw new ORPCError('BAD_GATEWAY')
  throw new ORPCError(FAILED, { status: 422, message: code, data: { code, message: code }, defined: true })
}
const area = implement(chatsContract)
const handler = new RPCHandler({
  chats: {
    get: area.get.handler(() => stored ?? refuse('get')),
    list: area.list.handler(() => []),
    ask: area.ask.handler(({ input }) => refuse(input)),
    regenerate: area.regenerate.handler(({ input }) => refuse(input)),
    edit: area.edit.handler(({ input }) => refuse(input)),
    clear: area.clear.handler(({ input }) => refuse(input)),
    follow: area.follow.handler(async function* (): AsyncGenerator<ChatEvent, void> {
      yield { kind: 'turn', turn: turn(1, 'running'), batch: false }
      await running
    }),
    leave: area.leave.handler(() => end()),
  },
})
await servePage(handler)
const { useChat } = await import('../../../../src/renderer/stores/chat.ts')
const { useQuestion } = await import('../../../../src/renderer/stores/question.ts')
const typed = () => useQuestion.getState().texts[shown.id] ?? ''

async function show(): Promise<void> {
  requests.length = 0
  stored = shown
  running = new Promise((resolve) => (end = resolve))
  await useChat.getState().show(shown)
}
afterEach(() => {
  useChat.getState().close()
  useQuestion.getState().write(shown.id, '')
})

test('an edited question stays in its editor when another page has continued the conversation, which is then shown', async () => {
  await show()
  code = 'conversation-changed'
  stored = chatOf([turn(0), turn(1), turn(2)], 2)
  await useChat.getState().edit(0, 'What spins?')
  expect(requests).toEqual([{ chat: shown.id, turn: 0, text: 'What spins?', updated: 1 }])
  expect(useChat.getState()).toMatchObject({
    run: null,
    problem: { code: 'conversation-changed' },
    editing: { turn: 0, text: 'What spins?' },
    chat: { updated: 2, turns: 3 },
  })
})

test('an edited question that another page has deleted goes to the field for questions', async () => {
  await show()
  stored = chatOf([], 2)
  await useChat.getState().edit(0, 'What spins?')
  expect(useChat.getState()).toMatchObject({ editing: null, chat: { all: [] } })
  expect(typed()).toBe('What spins?')
})

test('clearing and regenerating act only on what is shown', async () => {
  await show()
  stored = chatOf([turn(0), turn(1)], 2)
  await expect(useChat.getState().clear()).rejects.toBeDefined()
  expect(requests).toEqual([{ chat: shown.id, updated: 1 }])
  expect(useChat.getState().chat?.all).toHaveLength(2)
  expect(await useChat.getState().regenerate()).toBe(false)
  expect(requests.at(-1)).toEqual({ chat: shown.id, updated: 2 })
})

test('a question typed while another page is answering is put back, and that answer is joined until the page leaves it', async () => {
  await show()
  code = 'usage'
  stored = chatOf([turn(0), turn(1, 'running')], 2)
  useQuestion.getState().write(shown.id, ' What moves? ')
  await useChat.getState().ask('What moves?', {})
  expect(typed()).toBe(' What moves? ')
  expect(useChat.getState()).toMatchObject({ problem: { code: 'usage' }, chat: { all: [{ index: 0 }] } })
  await vi.waitFor(() => expect(useChat.getState().run?.turn?.question).toBe('Question 1'), WAIT)
  stored = chatOf([turn(0), turn(1)], 3)
  end()
  await vi.waitFor(() => expect(useChat.getState()).toMatchObject({ run: null, problem: null, chat: { turns: 2 } }), WAIT)
})

test('what is typed is kept when the service does not respond, and when the conversation is read again', async () => {
  await show()
  stored = null
  useQuestion.getState().write(shown.id, 'What moves?')
  await useChat.getState().ask('What moves?', {})
  expect(typed()).toBe('What moves?')
  await useChat.getState().edit(0, 'What spins?')
  expect(useChat.getState()).toMatchObject({ editing: { turn: 0, text: 'What spins?' }, chat: { all: [{ index: 0 }] } })
  const before = useChat.getState().chat?.all[0]
  stored = chatOf([turn(0), turn(1)], 2)
  await useChat.getState().refresh()
  expect(useChat.getState()).toMatchObject({ editing: { turn: 0, text: 'What spins?' }, chat: { turns: 2 } })
  expect(useChat.getState().chat?.all[0]).toBe(before)
})

test('a chosen question leaves another one that is being typed in its field', async () => {
  await show()
  useQuestion.getState().write(shown.id, 'What mo')
  await useChat.getState().ask('What grows?', {})
  expect(typed()).toBe('What mo')
})
