import { afterAll, beforeAll, expect, test } from 'vitest'
import { frameSteps } from '../../../src/engine/media/frame-times.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import type { FrameRequest } from '../../../src/shared/frame-request.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures, readNumber } from '../../helpers/numbered-picture.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal
let scratch: ScratchFolder

/** One second of 24 frames, then one frame every five seconds. */
const uneven = (index: number) => (index < 24 ? index : (index - 23) * 120)

beforeAll(async () => {
  scratch = await ScratchFolder.make()
  for (const name of ['uneven.mp4', 'uneven.mkv']) {
    await writeClip(scratch.path(name), numberedPictures(28, 96, 64), { rate: [24, 1], timeOf: uneven, bFrames: 2 })
  }
  await writeClip(scratch.path('even.mkv'), numberedPictures(72, 96, 64), { rate: [24, 1] })
})
afterAll(() => scratch[Symbol.asyncDispose]())

/** Numbers in the pictures that a request returns, and their reported times. */
async function seen(name: string, request: FrameRequest): Promise<{ numbers: number[]; times: number[] }> {
  await using clip = await openClip(scratch.path(name), never)
  const numbers: number[] = []
  const times: number[] = []
  for await (const frame of clip.frames(clip.plan(request), never)) {
    numbers.push(readNumber(frame))
    times.push(Math.round(frame.time * 1000) / 1000)
  }
  return { numbers, times }
}

test.each(['uneven.mp4', 'uneven.mkv'])('%s: returns the frame on screen at each time', async (name) => {
  expect(await seen(name, { kind: 'times', times: [0, 0.5, 4.9, 5, 10, 15, 19.9, 20] })).toEqual({
    numbers: [0, 12, 23, 24, 25, 26, 26, 27],
    times: [0, 0.5, 0.958, 5, 10, 15, 15, 20],
  })
  const range = { unit: 'seconds', start: 7, end: 15 } as const
  expect((await seen(name, { kind: 'uniform', count: 8, range })).numbers).toEqual([24, 25, 26])
})

test.each([
  ['uneven.mp4', false],
  ['uneven.mkv', false],
  ['even.mkv', true],
] as const)('%s: tells whether the rate gives the frame times, and the milliseconds between frames', async (name, constantRate) => {
  await using clip = await openClip(scratch.path(name), never)
  expect(clip.info.constantRate).toBe(constantRate)
  const steps = frameSteps(clip)
  const times = [0]
  for (const step of steps) times.push((times.at(-1) as number) + step)
  const expected = Array.from({ length: clip.info.frameCount }, (_, index) => (constantRate ? index : uneven(index)) / 24)
  expect(times).toEqual(expected.map((time) => Math.round(time * 1000)))
})

test('times before zero: a transport stream that begins just before its clock starts anew', async () => {
  const path = scratch.path('wrap.ts')
  // The clock of 33 bits at 90 kHz starts anew after 95443.7 seconds. FFmpeg then counts the seconds that are left.
  await writeClip(path, numberedPictures(50, 96, 64), { containerOptions: { output_ts_offset: '95420' } })
  await using clip = await openClip(path, never)
  expect(clip.info).toMatchObject({ frameCount: 50, duration: 2, notices: [] })
  expect((await seen('wrap.ts', { kind: 'times', times: [0, 1, 2] })).numbers).toEqual([0, 25, 49])
})

test("constant rate: upstream's rule, including the last frame of the range", async () => {
  const range = { unit: 'seconds', start: 1, end: 2 } as const
  expect((await seen('even.mkv', { kind: 'uniform', count: 8, range })).numbers).toEqual([24, 27, 31, 34, 38, 41, 45, 48])
  // round(0.03 * 24), though the first frame is on screen.
  expect((await seen('even.mkv', { kind: 'times', times: [0.03, 1.02] })).numbers).toEqual([1, 24])
})
