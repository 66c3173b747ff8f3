import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { type Chat, chatsContract } from '../../../../src/shared/contract/chats.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const id = (letter: string) => letter.repeat(22)
const chat = { id: id('c'), clip: id('h'), all: [], metadata: { handle: id('h'), kind: 'image', name: 'one.png' } } as unknown as Chat
const area = implement(chatsContract)
/** Lets the server answer with the conversation. */
let answer = () => {}
let asked = 0
const handler = new RPCHandler({
  chats: {
    get: area.get.handler(async () => {
      asked += 1
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return chat
    }),
    list: area.list.handler(() => []),
  },
})
await servePage(handler)
const pushed: string[] = []
const location = { href: window.location.href, pathname: '/', search: '', hash: '' }
const history = {
  replaceState: (_state: null, _title: string, address: string) => {
    location.hash = address.slice(1)
  },
  pushState: (_state: null, _title: string, address: string) => {
    location.hash = address.slice(1)
    pushed.push(location.hash)
  },
}
const page = new EventTarget()
vi.stubGlobal('window', Object.assign(page, { location, history }))
vi.stubGlobal('document', { title: '' })
const { followAddress } = await import('../../../../src/renderer/flows/address.ts')
const { closeClip, openChat } = await import('../../../../src/renderer/flows/open-clip.ts')
const { useBatches } = await import('../../../../src/renderer/stores/batches.ts')
const { useChat } = await import('../../../../src/renderer/stores/chat.ts')
const { useLibrary } = await import('../../../../src/renderer/stores/library.ts')
const { useView } = await import('../../../../src/renderer/stores/view.ts')

let stop = () => {}
beforeEach(() => {
  closeClip()
  useView.getState().show('help')
  location.hash = '#/help'
  stop = followAddress()
})
afterEach(() => stop())

/** The user presses Back or Forward. */
function go(hash: string): void {
  location.hash = hash
  page.dispatchEvent(new Event('popstate'))
}
async function goToChat(): Promise<void> {
  const before = asked
  go(`#/clip/${id('h')}/${id('c')}`)
  await vi.waitFor(() => expect(asked).toBe(before + 1), WAIT)
  pushed.length = 0
}
/** Long enough for the page to take an answer. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

test('a conversation that Back leads to is shown when it has been read, and nothing else becomes the address meanwhile', async () => {
  await goToChat()
  useLibrary.setState({ total: 3 })
  await settle()
  expect(pushed).toEqual([])
  answer()
  await vi.waitFor(() => expect(useView.getState().view).toBe('clip'), WAIT)
  await vi.waitFor(() => expect(useChat.getState().chat?.id).toBe(id('c')), WAIT)
  await settle()
  expect(pushed).toEqual([])
  expect(location.hash).toBe(`#/clip/${id('h')}/${id('c')}`)
})

test('another view that the user chose meanwhile stays', async () => {
  await goToChat()
  useView.getState().show('models')
  await vi.waitFor(() => expect(location.hash).toBe('#/models'), WAIT)
  answer()
  await settle()
  expect(useView.getState().view).toBe('models')
  expect(useChat.getState().chat).toBeNull()
  expect(location.hash).toBe('#/models')
})

test('a further step back wins, also to the view that is still shown', async () => {
  await goToChat()
  go('#/help')
  answer()
  await settle()
  expect(useView.getState().view).toBe('help')
  expect(useChat.getState().chat).toBeNull()
  expect(location.hash).toBe('#/help')
})

test('another place in the same view wins', async () => {
  useView.getState().show('batches')
  await vi.waitFor(() => expect(location.hash).toBe('#/batches'), WAIT)
  await goToChat()
  useBatches.setState({ open: id('b') })
  await vi.waitFor(() => expect(location.hash).toBe(`#/batches/${id('b')}`), WAIT)
  answer()
  await settle()
  expect(useView.getState().view).toBe('batches')
  useBatches.setState({ open: null })
})

test('a conversation of the library that was clicked does not take the user away from another view', async () => {
  const before = asked
  const opened = openChat(id('c')).catch((error: Error) => error.name)
  await vi.waitFor(() => expect(asked).toBe(before + 1), WAIT)
  useView.getState().show('models')
  answer()
  expect(await opened).toBe('AbortError')
  await settle()
  expect(useView.getState().view).toBe('models')
  expect(useChat.getState().chat).toBeNull()
})

test('a conversation that is chosen before the address follows the view is shown', async () => {
  const before = asked
  // No task of the page runs between the two, as on a busy machine.
  useView.getState().show('library')
  const opened = openChat(id('c'))
  await vi.waitFor(() => expect(asked).toBe(before + 1), WAIT)
  await settle()
  answer()
  await opened
  expect(useView.getState().view).toBe('clip')
  expect(useChat.getState().chat?.id).toBe(id('c'))
})
