import { expect, test } from 'vitest'
import { FrameIndex, type PacketMetadata } from '../../../src/engine/media/frame-index.ts'

/** `I0` is a keyframe shown at 0, `3` a frame shown at 3, `(3)` one that would be and is hidden. */
function packets(text: string): PacketMetadata[] {
  return text.split(' ').map((word) => ({
    pts: word === '-' ? null : Number(word.replace(/[I()]/g, '')),
    keyframe: word.includes('I'),
    hidden: word.startsWith('('),
  }))
}

/** Positions of the keyframes that decoding of each frame begins with. */
function starts(index: FrameIndex, earlier = 0): (number | null)[] {
  return Array.from({ length: index.count }, (_, frame) => index.keyframeFor(frame, earlier)?.at ?? null)
}

test('frames are numbered as they are shown', () => {
  const index = new FrameIndex(packets('I10 40 20 30 I50 80 60 70'))
  expect(index.order).toBe('timestamps')
  expect(Array.from({ length: 8 }, (_, frame) => index.ptsOf(frame))).toEqual([10, 20, 30, 40, 50, 60, 70, 80])
  expect(Array.from({ length: 8 }, (_, frame) => index.decodeAt(frame))).toEqual([0, 2, 3, 1, 4, 6, 7, 5])
  expect([index.positionOf(60), index.positionOf(65), index.positionOf(-1)]).toEqual([6, -1, -1])
  expect(Array.from({ length: 8 }, (_, at) => index.frameOf(at))).toEqual([0, 3, 1, 2, 4, 7, 5, 6])
})

test('decoding begins with the last keyframe at or before a frame', () => {
  const index = new FrameIndex(packets('I10 40 20 30 I50 80 60 70'))
  expect(starts(index)).toEqual([0, 0, 0, 0, 4, 4, 4, 4])
  expect(index.keyframeFor(5, 1)).toEqual({ at: 0, pts: 10 })
  expect(index.keyframeFor(5, 2)).toBeNull()
})

test('frames shown before an open keyframe need the one before it', () => {
  const index = new FrameIndex(packets('I0 10 I40 20 30 50'))
  expect(starts(index)).toEqual([0, 0, 0, 0, 2, 2])
})

test('without a keyframe, the start of the file', () => {
  expect(new FrameIndex(packets('0 1 2')).keyframeFor(2)).toBeNull()
})

test.each([
  ['without times', '- - -'],
  ['with a time missing', 'I0 1 - 3'],
  ['with the same time twice', 'I0 1 1 2'],
  ['that begin again', [...Array(80).keys(), ...Array(80).keys()].map((i) => `I${i % 80}`).join(' ')],
])('packets %s have the order of decoding', (_, text) => {
  const index = new FrameIndex(packets(text))
  expect(index.order).toBe('decoding')
  expect(index.count).toBe(text.split(' ').length)
})

test('what is hidden in front and behind has a place in decoding, and no number', () => {
  const index = new FrameIndex(packets('(I10) 40 (20) 30 I50 80 60 70 (I90) (100)'))
  expect([index.order, index.count, index.hasHidden]).toEqual(['timestamps', 6, true])
  expect(Array.from({ length: 6 }, (_, frame) => index.ptsOf(frame))).toEqual([30, 40, 50, 60, 70, 80])
  expect(Array.from({ length: 10 }, (_, at) => index.frameOf(at))).toEqual([-1, 1, -1, 0, 2, 5, 3, 4, -1, -1])
  expect(starts(index)).toEqual([0, 0, 4, 4, 4, 4])
  expect(index.positionOf(20)).toBe(2)
})

test('where something hidden lies in between, only decoding tells, and times are those of what is shown', () => {
  const index = new FrameIndex(packets('I0 10 (I20) (30) 40 50'))
  expect([index.order, index.count]).toEqual(['decoding', 4])
  expect(Array.from({ length: 4 }, (_, frame) => index.ptsOf(frame))).toEqual([0, 10, 40, 50])
})

test('times of decoding are those of the frames, in the order in which they come out', () => {
  const index = new FrameIndex(packets('I0 10 20 30'))
  expect(index.inDecodingOrder().order).toBe('decoding')
  expect(Array.from({ length: 4 }, (_, frame) => index.inDecodingOrder().ptsOf(frame))).toEqual([0, 10, 20, 30])
})

test('only confirmed keyframes are begun with', () => {
  const index = new FrameIndex(packets('I0 I10 I20 (I30)')).withKeyframes(new Set([0, 2]))
  expect([index.keyframeCount, index.count, starts(index)]).toEqual([2, 3, [0, 0, 2]])
})
