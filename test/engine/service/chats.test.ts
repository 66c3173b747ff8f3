import { copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RunningAnswers } from '../../../src/service/running-answers.ts'
import type { ChatEvent } from '../../../src/shared/contract/chats.ts'
import { childrenOf } from '../../helpers/child-processes.ts'
import { all, example, finishedTurn, never, RunService } from './run-service.ts'

const CLIP = 'red-circle-right-then-grows.mp4'
let run: RunService
beforeAll(async () => {
  run = await RunService.make()
})
afterAll(() => run[Symbol.asyncDispose]())

/** Occupies the queue like an answer for another client, so that answers wait as long as a test needs. */
async function holdQueue(): Promise<Disposable> {
  const turn = await run.service.runs.enter('a third', 'chat', never).next()
  if (!turn.done) throw new Error('nobody else should be at it')
  return { [Symbol.dispose]: turn.value }
}

async function chatAbout(name = CLIP): Promise<string> {
  const { handle } = await run.page.clips.openExample({ name })
  return (await run.page.chats.create({ handle })).id
}

test('describes an example, answers, regenerates and edits, and stores the result', async () => {
  const chat = await chatAbout()
  const first = await finishedTurn(run.page.chats.ask({ chat }))
  expect(first.events[0]).toMatchObject({ kind: 'turn', turn: { index: 0, question: 'Describe the video in detail.', state: 'running' } })
  expect(first.events.filter(({ kind }) => kind === 'frame')).toHaveLength(8)
  expect(first.turn).toMatchObject({ state: 'done', model: 'demo', text: first.text, error: null })
  expect(first.text).toMatch(/red circle/)
  expect(first.turn.answer?.frames).toHaveLength(8)
  expect(first.turn.settings).toMatchObject({ model: 'demo', device: 'auto', frames: { kind: 'uniform', count: 8 } })

  const second = await finishedTurn(run.page.chats.ask({ chat, text: 'What color is it?' }))
  expect(second.turn.answer?.tokens.evaluated).toBeLessThan(60)
  expect(second.text).toMatch(/red/i)
  const again = await finishedTurn(run.page.chats.regenerate({ chat }))
  expect(again.turn).toMatchObject({ index: 1, text: second.text, version: 1, versions: 2 })
  expect(await run.page.chats.chooseVersion({ chat, turn: 1, version: 0 })).toEqual({ ...second.turn, versions: 2 })
  const edited = await finishedTurn(run.page.chats.edit({ chat, turn: 0, text: 'What shape is it?' }))
  expect(edited.turn.index).toBe(0)
  const stored = await run.page.chats.get({ chat })
  expect(stored.all.map(({ question, state }) => [question, state])).toEqual([['What shape is it?', 'done']])
  expect(stored).toMatchObject({
    title: 'What shape is it?',
    turns: 1,
    metadata: { name: CLIP, kind: 'video', preview: 'not-needed', present: true },
  })
})

test('estimates the cost of an answer, and the reason when it is impossible', async () => {
  const { handle } = await run.page.clips.openExample({ name: CLIP })
  const settings = { frames: { kind: 'uniform' as const, count: 6 } }
  const cost = await run.page.estimate.cost({ handle, settings })
  const { id: chat } = await run.page.chats.create({ handle })
  const { turn } = await finishedTurn(run.page.chats.ask({ chat, settings }))
  expect(cost).toMatchObject({ tokens: { visual: turn.answer?.tokens.visual }, frames: turn.answer?.frames, problem: null })
  expect(cost.memory.total).toBeGreaterThan(400e6)
  expect((await run.page.estimate.cost({ handle, settings })).seconds?.firstToken).toBeGreaterThan(0)
  const many = await run.page.estimate.cost({ handle, text: 'why '.repeat(4000), settings })
  expect(many.problem).toMatchObject({
    code: 'context-full',
    message: expect.stringMatching(/^The question has about 12,\d{3} tokens, but only [\d,]+ fit/),
  })
  expect(many.notices).toEqual(['The model’s usual number is 8 frames; with 6 its answers may be worse.'])
})

test('continues after a restart with the same frames', async () => {
  const chat = await chatAbout()
  await finishedTurn(run.page.chats.ask({ chat, settings: { frames: { kind: 'middle', count: 4 } } }))
  await run.restart()
  const { turn } = await finishedTurn(run.page.chats.ask({ chat, text: 'What color is it?' }))
  expect(turn.answer?.frames).toHaveLength(4)
  expect(turn.text).toMatch(/red/i)
  expect((await run.page.chats.get({ chat })).all).toHaveLength(2)
})

test('an answer continues when its page leaves, is joined again, and ends when it is stopped or nobody follows it', async () => {
  const chat = await chatAbout()
  // Frame times that no other test asks for are neither decoded nor encoded yet, so the answer lasts until it is joined again.
  const settings = { frames: { kind: 'uniform' as const, count: 21 } }
  for await (const event of await run.page.chats.ask({ chat, settings })) if (event.kind === 'frame') break
  const [first, ...later] = await all(run.page.chats.follow({ chat }))
  expect(first).toMatchObject({ kind: 'turn', turn: { index: 0, state: 'running' } })
  const text = later.map((event) => (event.kind === 'delta' ? event.text : '')).join('')
  expect(text).toMatch(/red circle/)
  const begun = first?.kind === 'turn' ? first.turn.text : ''
  expect(later.at(-1)).toMatchObject({ kind: 'saved', turn: { state: 'done', text: begun + text } })
  expect(await all(run.page.chats.follow({ chat }))).toEqual([])

  const stopped: ChatEvent[] = []
  const longer = { frames: { kind: 'uniform' as const, count: 22 } }
  for await (const event of await run.page.chats.regenerate({ chat, settings: longer })) {
    stopped.push(event)
    if (event.kind === 'frame') await run.page.chats.stop({ chat })
  }
  expect(stopped.at(-1)).toMatchObject({ kind: 'saved', turn: { state: 'stopped', error: null, versions: 2 } })

  await using answers = new RunningAnswers(run.service.answering, 0)
  const question = { chat, position: 1, text: 'What color is it?', settings: {} }
  for await (const event of answers.ask(question, { client: 'page', kind: 'chat' }, never)) if (event.kind === 'turn') break
  await expect.poll(async () => (await run.page.chats.get({ chat })).all.at(-1)?.state).toBe('stopped')
  // A caller that has left is no fault.
  expect(run.service.log.newest(1000).filter(({ level }) => level === 'error')).toEqual([])
})

test('a client whose reading of a conversation is out of date changes nothing in it', async () => {
  const chat = await chatAbout()
  await finishedTurn(run.page.chats.ask({ chat }))
  const { updated } = await run.page.chats.get({ chat })
  await finishedTurn(run.as('another').chats.ask({ chat, text: 'What color is it?' }))
  const changed = { data: { code: 'conversation-changed' } }
  await expect(all(run.page.chats.edit({ chat, turn: 0, text: 'What shape is it?', updated }))).rejects.toMatchObject(changed)
  await expect(all(run.page.chats.regenerate({ chat, updated }))).rejects.toMatchObject(changed)
  await expect(run.page.chats.clear({ chat, updated })).rejects.toMatchObject(changed)
  await expect(run.page.chats.chooseVersion({ chat, turn: 0, version: 0, updated })).rejects.toMatchObject(changed)
  await expect(run.page.chats.shape({ chat, turn: 0, shape: null, updated })).rejects.toMatchObject(changed)
  const now = await run.page.chats.get({ chat })
  expect(now.all.map(({ versions }) => versions)).toEqual([1, 1])
  const cleared = await run.page.chats.clear({ chat, updated: now.updated })
  expect(cleared.all).toEqual([])
  expect(cleared.updated).toBeGreaterThan(now.updated)
})

test('an answer that one client leaves goes on for the others, and ends when the last one leaves it', async () => {
  const chat = await chatAbout()
  const other = run.as('another')
  {
    using _others = await holdQueue()
    const first = (await run.page.chats.ask({ chat, settings: { frames: { kind: 'uniform', count: 20 } } }))[Symbol.asyncIterator]()
    await first.next()
    const second = (await other.chats.follow({ chat }))[Symbol.asyncIterator]()
    expect((await second.next()).value).toMatchObject({ kind: 'turn', batch: false })
    await other.chats.leave({ chat })
    await second.return?.()
    // Who does not follow it does not end it either.
    await other.chats.leave({ chat })
    expect((await run.page.chats.get({ chat })).all).toMatchObject([{ state: 'running' }])
    await run.page.chats.leave({ chat })
  }
  expect((await run.page.chats.get({ chat })).all).toMatchObject([{ state: 'stopped' }])
})

test('an answer that the end of the program interrupts is cut off, not stopped', async () => {
  const chat = await chatAbout()
  const settings = { frames: { kind: 'uniform' as const, count: 23 } }
  for await (const event of await run.page.chats.ask({ chat, settings })) if (event.kind === 'frame') break
  await run.restart()
  expect((await run.page.chats.get({ chat })).all).toMatchObject([{ state: 'cut-off', error: null }])
})

test('rejects a second question in one conversation, and serves two conversations one after the other', async () => {
  const one = await chatAbout()
  const other = await chatAbout('blue-square-spins.mp4')
  // Frame times that no other test asks for are neither decoded nor encoded yet, so the first answer lasts until the second question arrives.
  const first = run.page.chats.ask({ chat: one, settings: { frames: { kind: 'uniform', count: 23 } } })
  const second: Promise<Awaited<ReturnType<typeof finishedTurn>>>[] = []
  let text = ''
  for await (const event of await first) {
    if (event.kind === 'delta') text += event.text
    if (second.length > 0) continue
    second.push(finishedTurn(run.as('another').chats.ask({ chat: other })))
    await expect(all(run.page.chats.ask({ chat: one }))).rejects.toMatchObject({ data: { code: 'usage' } })
  }
  expect(text).toMatch(/red circle/)
  const [answer] = await Promise.all(second)
  expect(answer?.text).toMatch(/blue square/)
  expect(answer?.events).toContainEqual({ kind: 'queued', ahead: 1 })
})

test('reports a failure by its code and stores it with the turn', async () => {
  const path = join(run.home, 'gone.mp4')
  await copyFile(example(CLIP), path)
  // With the example's content it would be the same clip.
  const { appendFile } = await import('node:fs/promises')
  await appendFile(path, 'x')
  const { id: chat } = await run.page.chats.create({ handle: await run.open(path) })
  await rename(path, `${path}.away`)
  await expect(all(run.page.chats.ask({ chat }))).rejects.toMatchObject({ code: 'FAILED', data: { code: 'file-missing' } })
  expect((await run.page.chats.get({ chat })).all).toMatchObject([{ state: 'failed', error: { code: 'file-missing' }, text: '' }])
  // The same content in another place is the same clip.
  const handle = await run.open(`${path}.away`)
  expect(handle).toBe((await run.page.chats.get({ chat })).clip)
  expect((await finishedTurn(run.page.chats.regenerate({ chat }))).text).toMatch(/red circle/)
})

describe('when the engine crashes', () => {
  test('the turn is stored as failed, and the conversation continues', async () => {
    const chat = await chatAbout()
    await finishedTurn(run.page.chats.ask({ chat }))
    const engines = childrenOf(process.pid)
    const dying = async () => {
      for await (const event of await run.page.chats.ask({ chat, text: 'What happens? Tell all of it.' }))
        if (event.kind === 'stage' && event.stage === 'thinking') for (const pid of engines) process.kill(pid, 'SIGKILL')
    }
    await expect(dying()).rejects.toMatchObject({ data: { code: 'engine-crashed' } })
    expect((await run.page.chats.get({ chat })).all.at(-1)).toMatchObject({ state: 'failed', error: { code: 'engine-crashed' } })
    const { turn } = await finishedTurn(run.page.chats.regenerate({ chat }))
    expect(turn).toMatchObject({ index: 1, state: 'done' })
    expect((await firstEvent(run.page.system.activity())).crashes).toBeGreaterThan(0)
  })
})

async function firstEvent<T>(events: Promise<AsyncIterable<T>>): Promise<T> {
  for await (const event of await events) return event
  throw new Error('nothing came')
}
