import { afterAll, beforeAll, expect, it } from 'vitest'
import { positionAfterClip, slicePlanes } from '../../../src/engine/language/clip-positions.ts'
import type { Language, Mark, Session } from '../../../src/engine/language/types.ts'
import { loadTiny, never } from './tiny-model.ts'

const WIDTH = 64
const SHAPE = { grid: [4, 6], rows: 24 } as const
const head = [3, 5, 7, 11]
const lead = [13, 17, 19]
const text = Array.from({ length: 150 }, (_, i) => 20 + ((i * 37) % 200))
let language: Language

beforeAll(async () => {
  language = await loadTiny()
})
afterAll(() => language[Symbol.asyncDispose]())

/** Rows of a frame: different for each frame, of about the size of embeddings. */
function rowsOf(frame: number): Float32Array {
  return Float32Array.from({ length: SHAPE.rows * WIDTH }, (_, i) => Math.sin(i * 0.37 + frame * 1.7) * 0.4)
}

/** Evaluates the head and frames; returns the mark after each frame. */
async function evaluateFrames(session: Session, frames: readonly number[]): Promise<Mark[]> {
  await session.evaluateTokens(head, never)
  const start = session.mark.position
  const marks: Mark[] = []
  for (const [i, frame] of frames.entries()) {
    const planes = slicePlanes(language.positions, start, i, SHAPE)
    await session.evaluateRows(rowsOf(frame), planes, positionAfterClip(language.positions, start, i + 1, SHAPE), never)
    marks.push(session.mark)
  }
  return marks
}

/** The same values token by token, in a context that has nothing else. */
async function stepByStep(frames: readonly number[], tokens: readonly number[]): Promise<number[]> {
  await using session = await language.open({ cells: 1024 })
  await evaluateFrames(session, frames)
  await session.evaluateTokens(lead, never)
  const scores: number[] = []
  for (const token of tokens) {
    const logits = await session.logits()
    const max = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
    const sum = logits.reduce((all, logit) => all + Math.exp(logit - max), 0)
    scores.push((logits[token] ?? 0) - max - Math.log(sum))
    await session.evaluateTokens([token], never)
  }
  return scores
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i += 1) expect(Math.abs((actual[i] ?? 0) - (expected[i] ?? 0))).toBeLessThan(1e-4)
}

it('scores a text after every prefix of a clip as a context that ends there does', async () => {
  await using session = await language.open({ cells: 1024 })
  const frames = [0, 1, 2]
  const marks = await evaluateFrames(session, frames)
  await session.evaluateTokens(lead, never)
  const before = await session.logits()
  for (const [k, mark] of marks.entries()) {
    using branch = session.branch(mark)
    expectClose(await branch.score(lead, text.slice(0, 20), never), await stepByStep(frames.slice(0, k + 1), text.slice(0, 20)))
  }
  // The context itself is unchanged.
  session.rewind(marks[2] as Mark)
  await session.evaluateTokens(lead, never)
  expect(await session.logits()).toEqual(before)
})

it('scores texts longer than one batch of logits', async () => {
  await using session = await language.open({ cells: 1024 })
  const [mark] = await evaluateFrames(session, [4])
  using branch = session.branch(mark as Mark)
  expectClose(await branch.score(lead, text, never), await stepByStep([4], text))
})

it('scores a text without a clip in a branch of the empty context', async () => {
  await using session = await language.open({ cells: 1024 })
  await evaluateFrames(session, [0, 1])
  using branch = session.branch({ cells: 0, position: 0 })
  const scores = await branch.score([...head, ...lead], text.slice(0, 5), never)
  await using fresh = await language.open({ cells: 64 })
  using other = fresh.branch({ cells: 0, position: 0 })
  expectClose(scores, await other.score([...head, ...lead], text.slice(0, 5), never))
})

it('continues with other frames than the context has', async () => {
  await using session = await language.open({ cells: 1024 })
  const [, second] = await evaluateFrames(session, [0, 1, 2])
  const start = head.length
  using branch = session.branch(second as Mark)
  const ends: Mark[] = []
  for (const [i, frame] of [7, 8].entries()) {
    const planes = slicePlanes(language.positions, start, 2 + i, SHAPE)
    await branch.evaluateRows(rowsOf(frame), planes, positionAfterClip(language.positions, start, 3 + i, SHAPE), never)
    ends.push(branch.mark)
    expectClose(await branch.score(lead, text.slice(0, 8), never), await stepByStep([0, 1, 7, 8].slice(0, 3 + i), text.slice(0, 8)))
  }
  branch.rewind(ends[0] as Mark)
  expectClose(await branch.score(lead, text.slice(0, 8), never), await stepByStep([0, 1, 7], text.slice(0, 8)))
})

it('rejects what does not fit, and frees its cells', async () => {
  await using session = await language.open({ cells: 256 })
  const [first] = await evaluateFrames(session, [0, 1])
  const free = session.capacity - session.mark.cells
  for (let round = 0; round < 5; round += 1) {
    using branch = session.branch(first as Mark)
    await expect(branch.score(lead, text.concat(text), never)).rejects.toMatchObject({ code: 'context-full' })
    await branch.score(lead, text.slice(0, free - lead.length + 1), never)
  }
  expect(() => session.branch({ cells: first === undefined ? 0 : first.cells + 1, position: 9 })).toThrow(RangeError)
})

it('stops at once on an abort, and leaves the context usable', async () => {
  await using session = await language.open({ cells: 1024 })
  const [mark] = await evaluateFrames(session, [0])
  const stop = new AbortController()
  {
    using branch = session.branch(mark as Mark)
    stop.abort()
    await expect(branch.score(lead, text, stop.signal)).rejects.toThrow(/abort/i)
  }
  using again = session.branch(mark as Mark)
  expectClose(await again.score(lead, text.slice(0, 5), never), await stepByStep([0], text.slice(0, 5)))
})

it('is one at a time', async () => {
  await using session = await language.open({ cells: 64 })
  await session.evaluateTokens(head, never)
  using _branch = session.branch(session.mark)
  expect(() => session.branch(session.mark)).toThrow('already')
})
