import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { never, RunService } from '../service/run-service.ts'
import { OpenPage } from './open-page.ts'

const CIRCLE = 'red-circle-right-then-grows.mp4'
/** The interval at which the page reads a conversation again while an answer is running. */
const READ_AGAIN_MS = 250
const SQUARE = 'blue-square-spins.mp4'

let run: RunService
let open: OpenPage
beforeAll(async () => {
  run = await RunService.make()
})
afterAll(() => run[Symbol.asyncDispose]())
beforeEach(async () => {
  // A clip that is opened again goes on with its conversation.
  await run.page.library.remove({ chats: [...run.service.library.chats.ids()] })
  open = await OpenPage.open(run)
})
afterEach(() => open[Symbol.asyncDispose]())

const isIdle = ({ chat }: OpenPage) => chat.run === null && chat.chat !== null && chat.chat.all.length > 0
const waits = ({ chat }: OpenPage) => chat.run?.stage === 'queued'
/** The stored turns of a conversation. */
const storedTurns = async (id = open.chat.chat!.id) => (await run.page.chats.get({ chat: id })).all

/** Occupies the queue like an answer for another client, so that answers for the page wait as long as a test needs. */
async function holdQueue(): Promise<Disposable> {
  const turn = await run.service.runs.enter('another', 'chat', never).next()
  if (!turn.done) throw new Error('nobody else should be at it')
  return { [Symbol.dispose]: turn.value }
}

test('describes an opened clip and answers a question', async () => {
  await open.page.openExample(CIRCLE)
  expect(open.clip).toMatchObject({ metadata: { name: CIRCLE }, opening: null, refused: null })
  await open.until(isIdle)
  expect(open.chat).toMatchObject({
    problem: null,
    chat: { all: [{ index: 0, state: 'done', text: expect.stringMatching(/red circle/) }] },
  })
  await open.chat.ask('What color is it?', {})
  expect(open.chat.chat?.all.at(-1)).toMatchObject({ index: 1, state: 'done', text: expect.stringMatching(/red/i) })
  expect(open.chat.chats[0]).toMatchObject({ id: open.chat.chat?.id, turns: 2 })
})

test("a clip that is opened during another's description replaces it", async () => {
  let first: string
  let seen: ReturnType<OpenPage['watchChat']>
  {
    using _others = await holdQueue()
    await open.page.openExample(CIRCLE)
    await open.until(waits)
    first = open.chat.chat!.id
    open.page.closeClip()
    expect(open.chat).toMatchObject({ chat: null, run: null, problem: null })
    seen = open.watchChat()
    await open.page.openExample(SQUARE)
    await open.until(waits)
    // By now, all work on the first clip is over.
    await expect.poll(async () => (await storedTurns(first)).map(({ state }) => state)).toEqual(['stopped'])
    await new Promise((resolve) => setTimeout(resolve, 2 * READ_AGAIN_MS))
  }
  await open.until(isIdle)
  const second = open.chat.chat!
  expect(second.all).toMatchObject([{ state: 'done', text: expect.stringMatching(/blue square/) }])
  // From start to end only the second answer was shown.
  const states = seen()
  const firstShown = states.findIndex(({ run }) => run !== null)
  const ended = states.findLastIndex(({ run }) => run !== null)
  for (const { run, problem, chat } of states.slice(firstShown, ended)) {
    expect(run).not.toBeNull()
    expect([problem, chat?.id]).toEqual([null, second.id])
  }
})

test('another conversation is shown without the answer of the previous one', async () => {
  let first: string
  {
    using _others = await holdQueue()
    await open.page.openExample(CIRCLE)
    await open.until(waits)
    first = open.chat.chat!.id
    await open.page.newChat()
    expect(open.chat).toMatchObject({ run: null, problem: null, chat: { all: [] } })
  }
  await open.chat.ask('What shape is it?', {})
  expect(open.chat).toMatchObject({ run: null, problem: null, chat: { all: [{ question: 'What shape is it?', state: 'done' }] } })
  await open.page.openChat(first)
  expect(open.chat).toMatchObject({ run: null, problem: null, chat: { id: first, all: [{ state: 'stopped' }] } })
})

test('the current conversation can be opened again during its answer', async () => {
  {
    using _others = await holdQueue()
    await open.page.openExample(CIRCLE)
    await open.until(waits)
    await open.page.openChat(open.chat.chat!.id)
    expect(open.chat).toMatchObject({ run: { stage: 'queued' }, chat: { all: [] } })
  }
  await open.until(isIdle)
  expect(open.chat.chat?.all).toMatchObject([{ state: 'done' }])
})

test('a queued question shows its place, leaves the queue when stopped, and can be asked again', async () => {
  {
    using _others = await holdQueue()
    await open.page.openExample(CIRCLE)
    await open.until(waits)
    expect(open.chat.run?.ahead).toBe(1)
    open.chat.stop()
    await open.until(isIdle)
    expect(open.chat).toMatchObject({ problem: null, chat: { all: [{ state: 'stopped', text: '' }] } })
    expect([run.service.runs.running, run.service.runs.waiting]).toEqual(['chat', 0])
  }
  await open.chat.regenerate()
  expect(open.chat).toMatchObject({
    problem: null,
    chat: { all: [{ index: 0, state: 'done', text: expect.stringMatching(/red circle/) }] },
  })
})

test('clears a conversation during an answer', async () => {
  using _others = await holdQueue()
  await open.page.openExample(CIRCLE)
  await open.until(waits)
  await open.chat.clear()
  expect(open.chat).toMatchObject({ run: null, problem: null, chat: { all: [] } })
  expect(await storedTurns()).toEqual([])
})

test('shows the clip that was opened last, whichever opens first', async () => {
  const asked = async () => (await run.page.library.search({ text: 'red circle' })).total
  const before = await asked()
  await Promise.all([open.page.openExample(CIRCLE), open.page.openExample(SQUARE)])
  expect(open.clip).toMatchObject({ metadata: { name: SQUARE }, opening: null, refused: null })
  await open.until(isIdle)
  expect(open.chat.chat?.all).toMatchObject([{ text: expect.stringMatching(/blue square/) }])
  expect(await asked()).toBe(before)
})

test('a cancelled opening changes nothing', async () => {
  const opening = open.page.openExample(CIRCLE)
  open.clip.opening?.cancel()
  expect(open.clip.opening).toBeNull()
  await opening
  expect(open.clip).toMatchObject({ metadata: null, opening: null, refused: null })
  expect(open.chat.chat).toBeNull()
})

test('reports the name of a clip that cannot be opened, and keeps the open clip', async () => {
  await open.page.openExample(CIRCLE)
  await open.until(isIdle)
  await open.page.openExample('nothing.mp4')
  expect(open.clip).toMatchObject({
    metadata: { name: CIRCLE },
    opening: null,
    refused: { name: 'nothing.mp4', error: { code: 'file-missing' } },
  })
  expect(open.chat.chat?.all).toMatchObject([{ state: 'done' }])
})

test('a conversation continues after a restart of the service', async () => {
  {
    using _others = await holdQueue()
    await open.page.openExample(CIRCLE)
    await open.until(waits)
    await open.restartService()
  }
  await open.until(isIdle)
  expect(open.chat.chat?.all).toMatchObject([{ state: 'cut-off' }])
  await open.chat.regenerate()
  expect(open.chat).toMatchObject({ problem: null, chat: { all: [{ state: 'done', text: expect.stringMatching(/red circle/) }] } })
})
