import { expect, test } from 'vitest'
import { FrameIndex, type PacketMetadata } from '../../../src/engine/media/frame-index.ts'

/** `I0` is a keyframe shown at 0, `3` a frame shown at 3, `(3)` one that would be shown at 3 and is hidden. */
function packets(text: string): PacketMetadata[] {
  return text.split(' ').map((word) => ({
    pts: word === '-' ? null : Number(word.replace(/[I()]/g, '')),
    keyframe: word.includes('I'),
    hidden: word.startsWith('('),
  }))
}

/** Positions of the keyframes at which decoding of each frame starts. */
function starts(index: FrameIndex, earlier = 0): (number | null)[] {
  return Array.from({ length: index.count }, (_, frame) => index.keyframeFor(frame, earlier)?.at ?? null)
}

test('frames are numbered in presentation order', () => {
  const index = new FrameIndex(packets('I10 40 20 30 I50 80 60 70'))
  expect(index.order).toBe('timestamps')
  expect(Array.from({ length: 8 }, (_, frame) => index.ptsOf(frame))).toEqual([10, 20, 30, 40, 50, 60, 70, 80])
  expect(Array.from({ length: 8 }, (_, frame) => index.decodeAt(frame))).toEqual([0, 2, 3, 1, 4, 6, 7, 5])
  expect([index.positionOf(60), index.positionOf(65), index.positionOf(-1)]).toEqual([6, -1, -1])
  expect(Array.from({ length: 8 }, (_, at) => index.frameOf(at))).toEqual([0, 3, 1, 2, 4, 7, 5, 6])
})

test('decoding starts at the last keyframe at or before a frame', () => {
  const index = new FrameIndex(packets('I10 40 20 30 I50 80 60 70'))
  expect(starts(index)).toEqual([0, 0, 0, 0, 4, 4, 4, 4])
  expect(index.keyframeFor(5, 1)).toEqual({ at: 0, pts: 10 })
  expect(index.keyframeFor(5, 2)).toBeNull()
})

test('frames before an open keyframe need the previous keyframe', () => {
  const index = new FrameIndex(packets('I0 10 I40 20 30 50'))
  expect(starts(index)).toEqual([0, 0, 0, 0, 2, 2])
})

test('decoding starts at the start of the file without a keyframe', () => {
  expect(new FrameIndex(packets('0 1 2')).keyframeFor(2)).toBeNull()
})

test.each([
  ['without times', '- - -'],
  ['with a missing time', 'I0 1 - 3'],
  ['with a repeated time', 'I0 1 1 2'],
  ['that start over', [...Array(80).keys(), ...Array(80).keys()].map((i) => `I${i % 80}`).join(' ')],
])('packets %s use decoding order', (_, text) => {
  const index = new FrameIndex(packets(text))
  expect(index.order).toBe('decoding')
  expect(index.count).toBe(text.split(' ').length)
})

test('hidden frames at the start and the end are decoded and have no number', () => {
  const index = new FrameIndex(packets('(I10) 40 (20) 30 I50 80 60 70 (I90) (100)'))
  expect([index.order, index.count, index.hasHidden]).toEqual(['timestamps', 6, true])
  expect(Array.from({ length: 6 }, (_, frame) => index.ptsOf(frame))).toEqual([30, 40, 50, 60, 70, 80])
  expect(Array.from({ length: 10 }, (_, at) => index.frameOf(at))).toEqual([-1, 1, -1, 0, 2, 5, 3, 4, -1, -1])
  expect(starts(index)).toEqual([0, 0, 4, 4, 4, 4])
  expect(index.positionOf(20)).toBe(2)
})

test('hidden frames in between require decoding order, with times of the shown frames', () => {
  const index = new FrameIndex(packets('I0 10 (I20) (30) 40 50'))
  expect([index.order, index.count]).toEqual(['decoding', 4])
  expect(Array.from({ length: 4 }, (_, frame) => index.ptsOf(frame))).toEqual([0, 10, 40, 50])
})

test('decoding times belong to the frames in output order', () => {
  const index = new FrameIndex(packets('I0 10 20 30'))
  expect(index.inDecodingOrder().order).toBe('decoding')
  expect(Array.from({ length: 4 }, (_, frame) => index.inDecodingOrder().ptsOf(frame))).toEqual([0, 10, 20, 30])
})

test('decoding starts only at confirmed keyframes', () => {
  const index = new FrameIndex(packets('I0 I10 I20 (I30)')).withKeyframes(new Set([0, 2]))
  expect([index.keyframeCount, index.count, starts(index)]).toEqual([2, 3, [0, 0, 2]])
})
