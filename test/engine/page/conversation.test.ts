import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { never, RunService } from '../service/run-service.ts'
import { OpenPage } from './open-page.ts'

const CIRCLE = 'red-circle-right-then-grows.mp4'
/** The page reads a conversation again so often while an answer has not ended. */
const READ_AGAIN_MS = 250
const SQUARE = 'blue-square-spins.mp4'

let run: RunService
let open: OpenPage
beforeAll(async () => {
  run = await RunService.make()
})
afterAll(() => run[Symbol.asyncDispose]())
beforeEach(async () => {
  open = await OpenPage.open(run)
})
afterEach(() => open[Symbol.asyncDispose]())

const isIdle = ({ chat }: OpenPage) => chat.run === null && chat.chat !== null && chat.chat.all.length > 0
const waits = ({ chat }: OpenPage) => chat.run?.stage === 'queued'
/** The turns of a conversation, as they are kept. */
const kept = async (id = open.chat.chat!.id) => (await run.page.chats.get({ chat: id })).all

/** Holds the queue as an answer for somebody else does, so that those for the page wait for as long as a test needs. */
async function holdQueue(): Promise<Disposable> {
  const turn = await run.service.runs.enter('another', 'chat', never).next()
  if (!turn.done) throw new Error('nobody else should be at it')
  return { [Symbol.dispose]: turn.value }
}

test('a clip that is opened is described, and asked about', async () => {
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

test('a clip that is opened while another one is described takes its place, and keeps it', async () => {
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
    // Whatever is done about the first one once it was stopped is over by then.
    await expect.poll(async () => (await kept(first)).map(({ state }) => state)).toEqual(['stopped'])
    await new Promise((resolve) => setTimeout(resolve, 2 * READ_AGAIN_MS))
  }
  await open.until(isIdle)
  const second = open.chat.chat!
  expect(second.all).toMatchObject([{ state: 'done', text: expect.stringMatching(/blue square/) }])
  // From its beginning to its end the second answer was shown, and nothing of the first.
  const states = seen()
  const begun = states.findIndex(({ run }) => run !== null)
  const ended = states.findLastIndex(({ run }) => run !== null)
  for (const { run, problem, chat } of states.slice(begun, ended)) {
    expect(run).not.toBeNull()
    expect([problem, chat?.id]).toEqual([null, second.id])
  }
})

test('another conversation is shown without the answer of the one before', async () => {
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

test('the conversation that is shown can be opened once more while its answer goes on', async () => {
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

test('a question that waits for those of others says so, gives its place up when it is stopped, and can be asked again', async () => {
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

test('a conversation is started over in the middle of an answer', async () => {
  using _others = await holdQueue()
  await open.page.openExample(CIRCLE)
  await open.until(waits)
  await open.chat.clear()
  expect(open.chat).toMatchObject({ run: null, problem: null, chat: { all: [] } })
  expect(await kept()).toEqual([])
})

test('what is opened last is shown, whatever comes first', async () => {
  const asked = async () => (await run.page.library.search({ text: 'red circle' })).total
  const before = await asked()
  await Promise.all([open.page.openExample(CIRCLE), open.page.openExample(SQUARE)])
  expect(open.clip).toMatchObject({ metadata: { name: SQUARE }, opening: null, refused: null })
  await open.until(isIdle)
  expect(open.chat.chat?.all).toMatchObject([{ text: expect.stringMatching(/blue square/) }])
  expect(await asked()).toBe(before)
})

test('an opening that is cancelled leaves everything as it was', async () => {
  const opening = open.page.openExample(CIRCLE)
  open.clip.opening?.cancel()
  expect(open.clip.opening).toBeNull()
  await opening
  expect(open.clip).toMatchObject({ metadata: null, opening: null, refused: null })
  expect(open.chat.chat).toBeNull()
})

test('what cannot be opened is refused by name, and the clip that is open stays', async () => {
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

test('a conversation goes on over a restart of the service', async () => {
  {
    using _others = await holdQueue()
    await open.page.openExample(CIRCLE)
    await open.until(waits)
    await open.restartService()
  }
  await open.until(isIdle)
  expect(open.chat.chat?.all).toMatchObject([{ state: 'stopped' }])
  await open.chat.regenerate()
  expect(open.chat).toMatchObject({ problem: null, chat: { all: [{ state: 'done', text: expect.stringMatching(/red circle/) }] } })
})
