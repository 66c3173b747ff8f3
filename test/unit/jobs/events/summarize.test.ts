import { expect, test } from 'vitest'
import type { EngineClient, TurnRequest } from '../../../../src/engine/engine-client.ts'
import { parseChapters, plainSummary, promptBytes, summarize } from '../../../../src/jobs/events/summarize.ts'
import type { Segment } from '../../../../src/shared/clip-events.ts'
import type { EngineEvent } from '../../../../src/shared/engine-events.ts'
import { TarsierError } from '../../../../src/shared/errors.ts'

const never = new AbortController().signal
const segments = (count: number, text = 'A dog runs over the grass.'): Segment[] =>
  Array.from({ length: count }, (_, i) => ({ start: 10 * i, end: 10 * i + 10, text }))

/** A model whose answers are given. No small model writes usable chapters, so that this stands in for a large one. */
function writer(answer: (prompt: string) => string) {
  const prompts: string[] = []
  const engine: Pick<EngineClient, 'answer' | 'close'> = {
    async *answer(_conversation: string, turn: TurnRequest) {
      const prompt = turn.kind === 'ask' ? (turn.text ?? '') : ''
      prompts.push(prompt)
      yield { kind: 'done', answer: { text: answer(prompt) } } as EngineEvent
    },
    close: async () => {},
  }
  return { engine, prompts }
}

/** Numbers of the parts that a prompt lists. */
const partsIn = (prompt: string) =>
  [...(prompt.split('Group neighbouring')[0]?.matchAll(/^(\d+): /gm) ?? [])].map(([, number]) => Number(number))

/** Makes a chapter of every five parts. */
function byFives(prompt: string): string {
  if (prompt.includes('These are summaries')) return 'Summary: All of it.'
  const numbers = partsIn(prompt)
  const lines = numbers.filter((number, i) => i === 0 || number % 5 === 1).map((number) => `${number}: Chapter of part ${number}`)
  return `${lines.join('\n')}\nSummary: Parts ${numbers[0]} to ${numbers.at(-1)}.`
}

async function summarized(model: ReturnType<typeof writer>, parts: readonly Segment[], context: number, signal = never) {
  const progress: { done: number; of: number }[] = []
  const report = (step: { done: number; of: number }) => progress.push(step)
  const result = await summarize(model.engine, { conversation: 'summary', segments: parts, context, report }, signal)
  return { result, progress }
}

test('a few segments take one question', async () => {
  const model = writer(byFives)
  const { result, progress } = await summarized(model, segments(7), 8192)
  expect(result).toEqual({
    chapters: [
      { start: 0, title: 'Chapter of part 1' },
      { start: 50, title: 'Chapter of part 6' },
    ],
    summary: 'Parts 1 to 7.',
  })
  expect(model.prompts).toHaveLength(1)
  expect(progress).toEqual([
    { done: 0, of: 1 },
    { done: 1, of: 1 },
  ])
})

test('the texts of a long film are divided into prompts that fit, each part in one, and the summaries are summarized', async () => {
  for (const context of [2048, 4096, 16_384]) {
    const model = writer(byFives)
    const { result, progress } = await summarized(model, segments(400, 'Ein Hund läuft über die Wiese. '.repeat(40)), context)
    const maps = model.prompts.filter((prompt) => prompt.includes('Group neighbouring'))
    expect(maps.flatMap(partsIn)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
    for (const prompt of model.prompts) expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(promptBytes(context))
    expect(model.prompts.length).toBeGreaterThan(maps.length)
    expect(result?.summary).toBe('All of it.')
    expect(result?.chapters.length).toBeGreaterThanOrEqual(80)
    expect(progress.at(-1)).toEqual({ done: model.prompts.length, of: model.prompts.length })
  }
})

test('a chapter that goes on in the next prompt is one chapter', async () => {
  const model = writer((prompt) =>
    prompt.includes('These are summaries') ? 'All of it.' : `${partsIn(prompt)[0]}: "A walk"\nSummary: They walk.`,
  )
  const { result } = await summarized(model, segments(60, 'They walk along the river. '.repeat(20)), 4096)
  expect(model.prompts.length).toBeGreaterThan(2)
  expect(result).toEqual({ chapters: [{ start: 0, title: 'A walk' }], summary: 'All of it.' })
})

test('an unusable answer, one that fails and a context without room give none', async () => {
  expect(
    (
      await summarized(
        writer(() => 'A red circle moves right.'),
        segments(4),
        4096,
      )
    ).result,
  ).toBeNull()
  const failing = writer(() => {
    throw new TarsierError('usage', 'This model needs a clip.')
  })
  expect((await summarized(failing, segments(4), 4096)).result).toBeNull()
  expect((await summarized(writer(byFives), segments(4), 512)).result).toBeNull()
})

test('an abort is no unusable answer', async () => {
  const stop = new AbortController()
  const model = writer(() => {
    stop.abort()
    throw stop.signal.reason
  })
  await expect(summarized(model, segments(4), 4096, stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
})

const range = { first: 3, last: 9 }

test.each<[string, string]>([
  ['plain', '3: Dawn\n6: The hunt\nSummary: It hunts.'],
  ['with text around', 'Sure! Here are the chapters:\n\n3: Dawn\n\n6: The hunt\n\nSummary: It\nhunts.\n'],
  ['in Markdown', '- **3: Dawn**\n- **6: The hunt**\n\n**Summary:** It hunts.'],
  ['as chapters', 'Chapter 3: Dawn\nChapter 6 - "The hunt"\nSummary: It hunts.'],
  ['in brackets', '[3] Dawn\n[6] The hunt\nSUMMARY : It hunts.'],
])('reads chapters %s', (_, answer) => {
  expect(parseChapters(answer, range)).toEqual({
    chapters: [
      { first: 3, title: 'Dawn' },
      { first: 6, title: 'The hunt' },
    ],
    summary: 'It hunts.',
  })
})

test.each<[string, string]>([
  ['nothing', ''],
  ['no summary', '3: Dawn\n6: The hunt'],
  ['an empty summary', '3: Dawn\nSummary:'],
  ['no chapters', 'Summary: It hunts.'],
  ['another first part', '4: Dawn\nSummary: It hunts.'],
  ['numbers that fall', '3: Dawn\n7: Dusk\n5: Noon\nSummary: It hunts.'],
  ['a number twice', '3: Dawn\n3: Noon\nSummary: It hunts.'],
  ['a number outside', '3: Dawn\n10: Noon\nSummary: It hunts.'],
])('takes no chapters from an answer with %s', (_, answer) => {
  expect(parseChapters(answer, range)).toBeNull()
})

test('titles and summaries without Latin letters are complete', () => {
  expect(parseChapters('3: 公园: 早晨\n6: 打猎\nSummary: 一只猫打猎。', range)).toEqual({
    chapters: [
      { first: 3, title: '公园: 早晨' },
      { first: 6, title: '打猎' },
    ],
    summary: '一只猫打猎。',
  })
})

test('long titles and summaries are cut', () => {
  const parsed = parseChapters(`3: ${'word '.repeat(100)}\nSummary: ${'word '.repeat(2000)}`, range)
  expect(parsed?.chapters[0]?.title.length).toBeLessThanOrEqual(100)
  expect(parsed?.summary.length).toBeLessThanOrEqual(4000)
})

test('without a model, chapters are the segments and the summary is their texts', () => {
  expect(plainSummary([...segments(1), { start: 10, end: 20, text: ' It stops! Then it sits. ' }])).toEqual({
    chapters: [
      { start: 0, title: 'A dog runs over the grass.' },
      { start: 10, title: 'It stops!' },
    ],
    summary: 'A dog runs over the grass. It stops! Then it sits.',
  })
  const titles = (...texts: string[]) => plainSummary(texts.map((text) => ({ start: 0, end: 1, text }))).chapters.map(({ title }) => title)
  expect(titles('一只狗跑过草地。它停下来！', 'Dr. No walks in. He sits.', '')).toEqual(['一只狗跑过草地。', 'Dr. No walks in.', ''])
})
