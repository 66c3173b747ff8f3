import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/engine/engine.ts'
import { answerInNewConversation, ask, run, TinyEngines, testSampling } from './tiny-engine.ts'

let tiny: TinyEngines
let engine: Engine

beforeAll(async () => {
  tiny = await TinyEngines.make()
  engine = tiny.start()
})
afterAll(() => tiny[Symbol.asyncDispose]())

describe('a conversation about a clip', () => {
  test('reports its stages, frames and text pieces', async () => {
    const { answer, events } = await run(engine, ask('What is this?', tiny.clip('a.mp4', 5)), 'told')
    const kinds = events.map((event) => (event.kind === 'stage' ? event.stage : event.kind))
    expect(kinds.filter((kind, i) => kind !== kinds[i - 1])).toEqual([
      'loading',
      'probing',
      'looking',
      'frame',
      'thinking',
      'writing',
      'delta',
      'done',
    ])
    expect(events.flatMap((event) => (event.kind === 'frame' ? [[event.frame.index, event.done, event.of]] : []))).toEqual([
      [0, 1, 5],
      [5, 2, 5],
      [10, 3, 5],
      [14, 4, 5],
      [19, 5, 5],
    ])
    expect(events.flatMap((event) => (event.kind === 'delta' ? [event.text] : [])).join('')).toBe(answer.text)
    // 126 by 70 becomes 112 by 56 (multiples of 28, halves to even): 4 by 2 tokens.
    expect(answer).toMatchObject({ width: 112, height: 56, cached: 'nothing', notices: [], device: { vision: 'cpu' } })
    expect(answer.tokens.visual).toBe(5 * 8)
    expect(answer.tokens.evaluated).toBe(answer.tokens.visual + answer.tokens.prompt)
    expect(answer.tokens.generated).toBe(12)
    expect(answer.finish).toBe('length')
  })

  test("a follow-up evaluates only the previous answer, the question and the model's turn prefix", async () => {
    const first = await run(engine, ask('What is this?', tiny.clip('a.mp4')), 'further')
    const second = await run(engine, ask('Which colour?'), 'further')
    const third = await run(engine, ask('How many?'), 'further')
    // The number of tokens that regenerating evaluates.
    const opening = (await run(engine, { kind: 'regenerate', sampling: testSampling() }, 'further')).answer.tokens.evaluated
    expect(opening).toBeLessThan(15)
    for (const [before, after] of [
      [first.answer, second.answer],
      [second.answer, third.answer],
    ] as const) {
      expect(after.tokens.evaluated).toBe(after.tokens.prompt - before.tokens.prompt + opening)
      expect(after.tokens.visual).toBe(before.tokens.visual)
    }
    expect(second.events.some((event) => event.kind === 'frame')).toBe(false)
    expect(second.answer.frames).toEqual(first.answer.frames)
    expect(second.answer.timings).toMatchObject({ decode: 0, encode: 0 })
  })

  test('a follow-up gives the answer of a single evaluation', async () => {
    const questions = ['What is this?', 'Which colour?', 'How many?']
    await run(engine, ask('What is this?', tiny.clip('a.mp4')), 'steps')
    await run(engine, ask('Which colour?'), 'steps')
    const { answer } = await run(engine, ask('How many?'), 'steps')
    // Returns to the first turn, as an edit does, and continues in other pieces.
    const clip = tiny.clip('a.mp4')
    const fresh = await answerInNewConversation(engine, ...questions.map((text, i) => ask(text, i === 0 ? clip : undefined)))
    expect(answer.text).toBe(fresh.text)
    expect(answer.text).not.toBe('')
  })

  test('regenerates from the start of the turn', async () => {
    const once = await run(engine, ask('What is this?', tiny.clip('a.mp4')), 'again')
    const again = await run(engine, { kind: 'regenerate', sampling: testSampling() }, 'again')
    expect(again.answer.text).toBe(once.answer.text)
    expect(again.answer.tokens).toMatchObject({ prompt: once.answer.tokens.prompt })
    expect(again.answer.tokens.evaluated).toBeLessThan(15)
    const longer = await run(engine, { kind: 'regenerate', sampling: testSampling({ maxTokens: 20 }) }, 'again')
    expect(longer.answer.text.startsWith(once.answer.text)).toBe(true)
    const after = await run(engine, ask('Which colour?'), 'again')
    const fresh = await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 20 }), ask('Which colour?'))
    expect(after.answer.text).toBe(fresh.text)
  })

  test('edits a turn and drops the turns after it', async () => {
    await run(engine, ask('What is this?', tiny.clip('a.mp4')), 'edited')
    await run(engine, ask('Which colour?'), 'edited')
    await run(engine, ask('How many?'), 'edited')
    const edited = await run(engine, { kind: 'edit', turn: 1, text: 'Who is there?', sampling: testSampling() }, 'edited')
    const fresh = await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4')), ask('Who is there?'))
    expect(edited.answer.text).toBe(fresh.text)
    expect(edited.answer.tokens.evaluated).toBeLessThan(40)
    expect(edited.answer.tokens.prompt).toBe(fresh.tokens.prompt)
    const first = await run(engine, { kind: 'edit', turn: 0, text: 'Why?', sampling: testSampling() }, 'edited')
    expect(first.answer.text).toBe((await answerInNewConversation(engine, ask('Why?', tiny.clip('a.mp4')))).text)
    expect(first.answer.tokens.evaluated).toBeLessThan(20)
  })

  test('accepts several clips, one per turn', async () => {
    await run(engine, ask('What is this?', tiny.clip('a.mp4', 3)), 'several')
    const second = await run(engine, ask('And this?', tiny.clip('b.mkv', 4)), 'several')
    // The first clip remains: 3 frames of 4 by 2, 4 frames of 3 by 4.
    expect(second.answer.tokens.visual).toBe(3 * 8 + 4 * 12)
    expect(second.answer).toMatchObject({ width: 84, height: 112 })
    expect(second.answer.frames.map(({ index }) => index)).toEqual([0, 3, 5, 8])
    expect(second.answer.tokens.evaluated).toBeLessThan(4 * 12 + 60)
    const third = await run(engine, ask('Are they alike?'), 'several')
    expect(third.answer.tokens.evaluated).toBeLessThan(60)
    // The order of the clips matters: with the two swapped the answer differs.
    const swapped = await answerInNewConversation(
      engine,
      ask('What is this?', tiny.clip('b.mkv', 4)),
      ask('And this?', tiny.clip('a.mp4', 3)),
      ask('Are they alike?'),
    )
    expect(third.answer.text).not.toBe(swapped.text)
    const edited = await run(engine, { kind: 'edit', turn: 0, text: 'Why?', sampling: testSampling() }, 'several')
    expect(edited.answer.tokens.visual).toBe(3 * 8)
  })

  test('another clip changes the answer', async () => {
    const a = await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 40 }))
    const b = await answerInNewConversation(engine, ask('What is this?', tiny.clip('b.mkv'), { maxTokens: 40 }))
    expect(a.text).not.toBe(b.text)
  })

  test('encodes the clip once for all turns', async () => {
    const small = { maxTokens: 4 }
    await run(engine, ask('What is this?', tiny.clip('a.mp4', 2), small), 'growing')
    const long = 'What is this? '.repeat(400)
    const second = await run(engine, ask(long, undefined, small), 'growing')
    expect(second.answer.tokens.prompt).toBeGreaterThan(2048 + 200)
    expect(second.events.some((event) => event.kind === 'frame')).toBe(false)
    const fresh = await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4', 2), small), ask(long, undefined, small))
    expect(second.answer.text).toBe(fresh.text)
    expect((await run(engine, ask('Why?', undefined, small), 'growing')).answer.tokens.evaluated).toBeLessThan(60)
  })
})

describe('requests that fail', () => {
  test('rejects a clip that does not fit, with numbers, before decoding', async () => {
    const clip = tiny.clip('a.mp4', 20)
    await run(engine, ask('What is this?', tiny.clip('a.mp4', 2)), 'full')
    const text = 'How many are there? '.repeat(4000)
    const events: string[] = []
    const failing = async () => {
      for await (const event of engine.answer('full', ask(text, clip), new AbortController().signal)) events.push(event.kind)
    }
    await expect(failing()).rejects.toMatchObject({
      code: 'context-full',
      details: { visual: 2 * 8 + 20 * 8, text: expect.any(Number), limit: 16384 },
    })
    expect(events).toEqual(['stage'])
    // The conversation is unchanged.
    const after = await run(engine, ask('Which colour?'), 'full')
    expect(after.answer.text).toBe(
      (await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4', 2)), ask('Which colour?'))).text,
    )
  })

  test.each([
    ['regenerating without a question', { kind: 'regenerate', sampling: testSampling() }],
    ['editing a missing turn', { kind: 'edit', turn: 3, text: 'Why?', sampling: testSampling() }],
  ] as const)('%s is wrong usage', async (_, turn) => {
    await expect(run(engine, turn, 'empty')).rejects.toMatchObject({ code: 'usage' })
  })

  test('a missing file leaves the conversation usable', async () => {
    await expect(run(engine, ask('What is this?', tiny.clip('gone.mp4')), 'missing')).rejects.toMatchObject({ code: 'file-missing' })
    expect((await run(engine, ask('What is this?', tiny.clip('a.mp4')), 'missing')).answer.text).not.toBe('')
  })
})

describe('stopping', () => {
  test('during encoding drops the turn, and the next turn is right', async () => {
    const stopping = new AbortController()
    const seen: string[] = []
    const stopped = async () => {
      for await (const event of engine.answer('stopped', ask('What is this?', tiny.clip('a.mp4')), stopping.signal)) {
        seen.push(event.kind)
        if (event.kind === 'frame' && event.done === 2) stopping.abort()
      }
    }
    await expect(stopped()).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen).not.toContain('done')
    const after = await run(engine, ask('Which colour?', tiny.clip('a.mp4')), 'stopped')
    expect(after.answer.text).toBe((await answerInNewConversation(engine, ask('Which colour?', tiny.clip('a.mp4')))).text)
  })

  test('during generation keeps the text so far; follow-ups and regenerating are right', async () => {
    const stopping = new AbortController()
    let generated = ''
    const stopped = async () => {
      for await (const event of engine.answer('halfway', ask('What is this?', tiny.clip('a.mp4'), { maxTokens: 100 }), stopping.signal)) {
        if (event.kind !== 'delta') continue
        generated += event.text
        if (generated.length > 10) stopping.abort()
      }
    }
    await expect(stopped()).rejects.toMatchObject({ name: 'AbortError' })
    const { answer } = await run(engine, ask('Which colour?'), 'halfway')
    expect(answer.text).not.toBe('')
    expect(answer.tokens.evaluated).toBeLessThan(150)
    const again = await run(engine, { kind: 'edit', turn: 0, text: 'What is this?', sampling: testSampling() }, 'halfway')
    expect(again.answer.text).toBe((await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4')))).text)
  })

  test('by leaving the loop works like a closed page', async () => {
    for (const kind of ['frame', 'delta', 'stage'] as const) {
      for await (const event of engine.answer('left', ask('What is this?', tiny.clip('a.mp4')), new AbortController().signal)) {
        if (event.kind === kind) break
      }
      await engine.close('left')
    }
    expect((await run(engine, ask('What is this?', tiny.clip('a.mp4')), 'left')).answer.text).toBe(
      (await answerInNewConversation(engine, ask('What is this?', tiny.clip('a.mp4')))).text,
    )
  })

  test('before the start drops the turn', async () => {
    await expect(run(engine, ask('What is this?', tiny.clip('a.mp4')), 'never', AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    })
  })
})
