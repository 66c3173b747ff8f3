import { writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'
import { ask, never, run, TinyEngines, testSampling } from './tiny-engine.ts'

/** Tarsier 1: one-dimensional positions, separators, frames of one size. With a 4 by 4 grid, a frame takes 4 * 5 + 1 rows. */
const FRAME_ROWS = 21

let tiny: TinyEngines
beforeAll(async () => {
  tiny = await TinyEngines.make('tarsier-heads-of-16')
})
afterAll(() => tiny[Symbol.asyncDispose]())

test('a follow-up question evaluates only text and gives the answer of a single evaluation', async () => {
  const engine = tiny.start()
  const first = await run(engine, ask('What is it?', tiny.clip('a.mp4')))
  expect(first.answer.tokens.visual).toBe(4 * FRAME_ROWS)
  expect([first.answer.width, first.answer.height]).toEqual([56, 56])
  const second = await run(engine, ask('And then?'))
  // From the end of the clip: the first question, its answer, the second question.
  expect(second.answer.tokens.evaluated).toBeLessThan(second.answer.tokens.prompt)
  expect(second.events.some(({ kind }) => kind === 'frame')).toBe(false)
  expect(second.answer.tokens.visual).toBe(4 * FRAME_ROWS)

  const other = tiny.start()
  await run(other, ask('Something else?', tiny.clip('a.mp4')))
  await run(other, { kind: 'edit', turn: 0, text: 'What is it?', sampling: testSampling() })
  const again = await run(other, ask('And then?'))
  expect(again.answer.text).toBe(second.answer.text)
})

test('regenerating repeats the answer, and editing does not encode the clip again', async () => {
  const engine = tiny.start()
  const first = await run(engine, ask('What is it?', tiny.clip('b.mkv', 3)))
  const again = await run(engine, { kind: 'regenerate', sampling: testSampling() })
  expect(again.answer.text).toBe(first.answer.text)
  expect(again.answer.tokens.evaluated).toBeLessThan(again.answer.tokens.prompt)
  const edited = await run(engine, { kind: 'edit', turn: 0, text: 'Who?', sampling: testSampling() })
  expect(edited.events.some(({ kind }) => kind === 'frame')).toBe(false)
  expect(edited.answer.tokens.evaluated).toBeLessThan(3 * FRAME_ROWS)
})

test('the disk cache gives the same answer after a restart', async () => {
  const turn = ask('What is it?', tiny.clip('a.mp4'))
  const before = tiny.start({ cache: true })
  const first = await run(before, turn)
  await before[Symbol.asyncDispose]()
  const second = await run(tiny.start({ cache: true }), turn)
  expect([first.answer.cached, second.answer.cached]).toEqual(['nothing', 'state'])
  expect(second.answer.text).toBe(first.answer.text)
  expect(second.events.some(({ kind }) => kind === 'frame')).toBe(false)
})

test('ignores a pixel limit with a notice, because every frame has the same size', async () => {
  const engine = tiny.start()
  const free = await run(engine, ask('What is it?', tiny.clip('a.mp4')), 'free')
  const limited = await run(engine, ask('What is it?', tiny.clip('a.mp4', 4, 784)), 'limited')
  expect(limited.answer).toMatchObject({ width: 56, height: 56, text: free.answer.text })
  const notice = 'The limit of 784 pixels per frame is exceeded because the minimum size of this model is 56 × 56.'
  expect(limited.answer.notices).toEqual([...free.answer.notices, notice])
  const clip = tiny.clip('a.mp4', 4, 784)
  const estimate = await engine.estimate({ clip, text: 'What is it?', maxTokens: 8, measure: false }, never)
  expect(estimate.notices).toContain(notice)
})

test('repeats frames of a short video, but not of a GIF or a picture', async () => {
  const engine = tiny.start()
  const gif = await sharp(Buffer.concat(Array.from({ length: 5 }, (_, i) => Buffer.alloc(56 * 56 * 3, i * 40))), {
    raw: { width: 56, height: 56 * 5, channels: 3, pageHeight: 56 },
  })
    .gif({ delay: [100, 100, 100, 100, 100] })
    .toBuffer()
  await writeFile(tiny.path('five.gif'), gif)
  await writeFile(tiny.path('one.png'), await sharp(gif, { page: 0 }).png().toBuffer())
  await writeClip(tiny.path('five.mp4'), numberedPictures(5, 84, 112))
  const seen = async (name: string) => {
    const { answer } = await run(engine, ask('What is it?', tiny.clip(name, 8)), name)
    expect(answer.tokens.visual).toBe(answer.frames.length * FRAME_ROWS)
    return answer.frames.map(({ index }) => index)
  }
  expect(await seen('five.mp4')).toEqual([0, 1, 1, 2, 2, 3, 3, 4])
  expect(await seen('five.gif')).toEqual([0, 1, 2, 3, 4])
  expect(await seen('one.png')).toEqual([0])
})

test('without a question it uses the default prompt and length of version 1 for videos and for pictures', async () => {
  const engine = tiny.start()
  await writeFile(
    tiny.path('blue.png'),
    await sharp({ create: { width: 56, height: 56, channels: 3, background: 'blue' } })
      .png()
      .toBuffer(),
  )
  const answerAbout = async (name: string, text?: string) =>
    (await run(engine, { kind: 'ask', text, clip: tiny.clip(name), sampling: testSampling() }, `${name} ${text}`)).answer.text
  expect(await answerAbout('blue.png')).toBe(await answerAbout('blue.png', 'Describe the image in detail.'))
  expect(await answerAbout('blue.png')).not.toBe(await answerAbout('blue.png', 'Describe the video in detail.'))
  expect(await answerAbout('a.mp4')).toBe(await answerAbout('a.mp4', 'Describe the video in detail.'))
  expect((await engine.load(never)).defaults.generation.maxTokens).toBe(512)
})

test('scores a text with the space that the template writes before an answer', async () => {
  // Vocabularies without a space of their own before a text, such as Yi's.
  await using other = await TinyEngines.make('tarsier-shuffled-heads-of-64')
  const engine = other.start()
  const turn = { kind: 'ask', text: 'What is it?', clip: other.clip('a.mp4') } as const
  const wordsOf = async (text: string, conversation: string) => {
    for await (const event of engine.timeText(conversation, { turn, text }, never))
      if (event.kind === 'timed')
        return event.timed.sentences.flatMap(({ words }) => words.map(({ text: word, withClip }) => [word, withClip]))
    throw new Error('no result')
  }
  const words = await wordsOf('A man walks.', 'bare')
  expect(words.map(([word]) => word)).toEqual(['A', 'man', 'walks'])
  // An answer that the model wrote begins with the space itself.
  expect(await wordsOf(' A man walks.', 'spaced')).toEqual(words)
})
