import { describe, expect, it } from 'vitest'
import { frameRequest, sharedCounts } from '../../../../src/bench/run/clip-frames.ts'
import type { FrameChoice, SampleClip } from '../../../../src/bench/sample.ts'

const clip = (frames?: FrameChoice): SampleClip => ({ file: 'a.mp4', ...(frames && { frames }) })
const indices = (count: number): FrameChoice => ({ kind: 'indices', indices: Array(count).fill(0) })
const picture: FrameChoice = { kind: 'picture' }

/** The counts of the reader of upstream's version 2 for these clips. */
describe('the frames that the clips of a sample share', () => {
  it.each([
    ['one clip has all', [clip()], 16, [16]],
    ['two have half each', [clip(), clip()], 16, [8, 8]],
    ['three take turns', [clip(), clip(), clip()], 16, [6, 5, 5]],
    ['a picture counts as one', [clip(picture), clip()], 16, [1, 15]],
    ['pictures alone keep their count', [clip(picture), clip(picture)], 16, [1, 1]],
    ['numbers count as given', [clip(indices(10)), clip()], 16, [10, 6]],
    ['too many indices leave none', [clip(indices(20)), clip()], 16, [20, 0]],
    ['a minimum is applied', [clip({ kind: 'least', count: 32 }), clip()], 16, [32, 0]],
    ['or grows', [clip({ kind: 'least', count: 4 })], 16, [16]],
    ['a rate may use the maximum', [clip({ kind: 'rate', rate: 1 })], 16, [256]],
    ['two clips share the maximum', [clip({ kind: 'rate', rate: 1 }), clip({ kind: 'rate', rate: 1 })], 16, [128, 128]],
  ])('%s', (_, clips, wanted, counts) => {
    expect(sharedCounts(clips, wanted)).toEqual(counts)
  })
})

describe('the frames of one clip', () => {
  const of = (frames: FrameChoice | undefined, count = 16, frameCount = 100, rate = 25) =>
    frameRequest(clip(frames), 'uniform', count, async () => ({ frameCount, rate }))

  it.each([
    ['by number, one past the last for the last, others beyond left out', { kind: 'indices', indices: [3, 120, -1, 50, 100] }, [3, 50, 99]],
    ['by time, rounded to the even frame', { kind: 'times', times: [0, 0.02, 0.06, 3.96, 9] }, [0, 0, 2, 99]],
    ['at a rate', { kind: 'rate', rate: 2 }, [0, 12, 24, 36, 48, 60, 72, 84, 96]],
    ['of a picture', picture, [0]],
  ] as const)('%s', async (_, frames, wanted) => {
    expect(await of(frames)).toEqual({ kind: 'indices', indices: wanted })
  })

  it('use the run’s settings when a rate gives too many', async () => {
    const range = { unit: 'frames', start: 5 } as const
    expect(await of({ kind: 'rate', rate: 25, range }, 64)).toEqual({ kind: 'uniform', count: 64, range })
  })

  it('are rejected when there is none', async () => {
    await expect(of({ kind: 'indices', indices: [100, 101] })).rejects.toMatchObject({ code: 'invalid-range' })
    await expect(of({ kind: 'rate', rate: 60 })).rejects.toMatchObject({ code: 'invalid-range' })
    await expect(of(undefined, 0)).rejects.toMatchObject({ code: 'invalid-range' })
  })
})
