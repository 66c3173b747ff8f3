import { expect, test } from 'vitest'
import { FrameIndex } from '../../../src/engine/media/frame-index.ts'
import { framesIn, planFramesOf } from '../../../src/engine/media/pieces/piece-plan.ts'

const RATE = 10
const times = (count: number) => ({ times: Array.from({ length: count }, (_, i) => i / RATE), duration: count / RATE })
/** A stream of these frames in decoding order; `K` marks keyframes, as in `K0 3 1 2`. */
const stream = (text: string, hidden: readonly number[] = []) =>
  new FrameIndex(
    text.split(' ').map((packet) => {
      const frame = Number(packet.replace('K', ''))
      return { pts: frame * 100, keyframe: packet.startsWith('K'), hidden: hidden.includes(frame) }
    }),
  )
const inOrder = stream('K0 1 2 3 4 K5 6 7 8 9')
/** B-frames: 3 is decoded before the frames 1 and 2, which refer to it. */
const reordered = stream('K0 3 1 2 6 4 5 K7 9 8')
/** An open group: the frames 4 and 5 refer to the keyframe 6 and to frames before it. */
const open = stream('K0 3 1 2 K6 4 5 9 7 8')

test.each([
  [0, 0.3, 0, 2],
  [0.25, 0.45, 2, 4],
  [0.3, 0.3, 3, 3],
  [0.2999, 0.5001, 3, 4],
  [0.95, 9, 9, 9],
  [5, 9, 9, 9],
])('takes the frames that are on screen from %f to %f', (start, end, first, last) => {
  expect(framesIn(times(10), { start, end })).toEqual({ first, last })
})

test('joins neighbouring ranges without a gap or a common frame', () => {
  const all = [0, 0.3, 0.7, 1].flatMap((start, i, starts) => (starts[i + 1] === undefined ? [] : [{ start, end: starts[i + 1] as number }]))
  const frames = all.map((range) => framesIn(times(10), range))
  expect(frames).toEqual([
    { first: 0, last: 2 },
    { first: 3, last: 6 },
    { first: 7, last: 9 },
  ])
})

test('copies from the keyframe before the start, and tells the true range', () => {
  const piece = planFramesOf(times(10), inOrder, { start: 0.7, end: 0.9 }, 'copy')
  expect(piece).toEqual({ first: 5, last: 8, range: { start: 0.5, end: 0.9 }, copied: { from: 500, count: 4, inOrder: true } })
})

test('copies further frames until none is missing', () => {
  // Frame 4 needs 6, which is decoded before it; without 5 there would be a gap.
  const piece = planFramesOf(times(10), reordered, { start: 0, end: 0.5 }, 'copy')
  expect(piece).toEqual({ first: 0, last: 6, range: { start: 0, end: 0.7 }, copied: { from: 0, count: 7, inOrder: false } })
})

test('leaves out frames that are shown before an open keyframe', () => {
  const piece = planFramesOf(times(10), open, { start: 0.65, end: 1 }, 'copy')
  expect(piece).toMatchObject({ first: 6, last: 9, copied: { from: 600, count: 6, inOrder: false } })
})

test('copies an exact piece only if exactly its frames can be copied', () => {
  const copied = (start: number, end: number, index: FrameIndex | null = inOrder) => planFramesOf(times(10), index, { start, end }, 'exact')
  expect(copied(0.5, 0.8)).toMatchObject({ first: 5, last: 7, copied: { from: 500, count: 3 } })
  expect(copied(0.6, 0.8)).toEqual({ first: 6, last: 7, range: { start: 0.6, end: 0.8 }, copied: null })
  expect(copied(0, 0.5, reordered).copied).toBeNull()
  expect(copied(0, 0.7, reordered).copied).toMatchObject({ from: 0, count: 7 })
  expect(copied(0.5, 0.8, null).copied).toBeNull()
})

test('encodes where the keyframe is hidden by an edit list, or the packets do not tell the order', () => {
  const hidden = stream('K0 1 2 3 4 K5 6 7 8 9', [0, 1])
  const shown = { times: Array.from({ length: 8 }, (_, i) => i / RATE), duration: 0.8 }
  expect(planFramesOf(shown, hidden, { start: 0, end: 0.2 }, 'copy')).toMatchObject({ first: 0, last: 1, copied: null })
  expect(planFramesOf(shown, hidden, { start: 0.3, end: 0.5 }, 'copy')).toMatchObject({ first: 3, copied: { from: 500, count: 2 } })
  expect(planFramesOf(times(10), inOrder.inDecodingOrder(), { start: 0, end: 1 }, 'copy').copied).toBeNull()
})
