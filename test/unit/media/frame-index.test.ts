import { expect, test } from 'vitest'
import { FrameIndex, type PacketFacts } from '../../../src/engine/media/frame-index.ts'

/** `I0` is a keyframe shown at 0, `3` a frame shown at 3. */
function packets(text: string): PacketFacts[] {
  return text.split(' ').map((word) => ({ pts: word === '-' ? null : Number(word.replace('I', '')), keyframe: word.startsWith('I') }))
}

test('frames are numbered as they are shown', () => {
  const index = new FrameIndex(packets('I10 40 20 30 I50 80 60 70'))
  expect(index.order).toBe('timestamps')
  expect(Array.from({ length: 8 }, (_, frame) => index.ptsOf(frame))).toEqual([10, 20, 30, 40, 50, 60, 70, 80])
  expect(Array.from({ length: 8 }, (_, frame) => index.decodeAt(frame))).toEqual([0, 2, 3, 1, 4, 6, 7, 5])
  expect([index.frameAt(60), index.frameAt(65), index.frameAt(-1)]).toEqual([5, -1, -1])
})

test('decoding begins with the last keyframe at or before a frame', () => {
  const index = new FrameIndex(packets('I10 40 20 30 I50 80 60 70'))
  expect(Array.from({ length: 8 }, (_, frame) => index.keyframeFor(frame))).toEqual([0, 0, 0, 0, 4, 4, 4, 4])
  expect(index.keyframeFor(5, 1)).toBe(0)
  expect(index.keyframeFor(5, 2)).toBe(-1)
})

test('frames shown before an open keyframe need the one before it', () => {
  const index = new FrameIndex(packets('I0 10 I40 20 30 50'))
  expect(Array.from({ length: 6 }, (_, frame) => index.keyframeFor(frame))).toEqual([0, 0, 0, 0, 4, 4])
})

test('without a keyframe, the start of the file', () => {
  expect(new FrameIndex(packets('0 1 2')).keyframeFor(2)).toBe(-1)
})

test.each([
  ['without times', '- - -'],
  ['with a time missing', 'I0 1 - 3'],
  ['with the same time twice', 'I0 1 1 2'],
  ['that begin again', [...Array(80).keys(), ...Array(80).keys()].map((i) => `I${i % 80}`).join(' ')],
])('packets %s have the order of decoding', (_, text) => {
  const index = new FrameIndex(packets(text))
  expect(index.order).toBe('decoding')
  expect(index.ptsOf(0)).toBeNull()
  expect(index.count).toBe(text.split(' ').length)
})
