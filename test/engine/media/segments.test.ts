import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { type ClipSegment, findSegments } from '../../../src/engine/media/segments.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { writeShotClip } from '../../helpers/shot-clip.ts'

const never = new AbortController().signal
const LENGTHS = [70, 90, 55, 80]
/** Times that differ by less count as equal, in seconds. */
const ROUNDING = 0.000_500_001
let scratch: ScratchFolder
let starts: number[]
/** Seconds of each frame. */
let times: readonly number[]

/** Milliseconds of each frame: steps of 20 to 120 ms, and one of three seconds within the second shot. */
function timeOf(index: number): number {
  const uneven = Array.from({ length: index }, (_, i) => 20 + ((i * 37) % 101)).reduce((sum, step) => sum + step, 0)
  return uneven + (index > 110 ? 3000 : 0)
}

beforeAll(async () => {
  scratch = await ScratchFolder.make()
  starts = await writeShotClip(scratch.path('uneven.mkv'), LENGTHS, 11, { rate: [1000, 1], timeOf })
  await using clip = await openClip(scratch.path('uneven.mkv'), never)
  expect(clip.info).toMatchObject({ constantRate: false, frameCount: 295 })
  times = clip.plan({ kind: 'indices', indices: Array.from({ length: 295 }, (_, i) => i) }).times
})
afterAll(() => scratch[Symbol.asyncDispose]())

async function segmentsOf(search: { readonly maxSeconds: number; readonly scenes: boolean }): Promise<readonly ClipSegment[]> {
  for await (const event of findSegments(scratch.path('uneven.mkv'), search, never)) if (event.kind === 'segments') return event.segments
  throw new Error('no segments')
}

test('with a variable frame rate, segments between shots have each frame once', async () => {
  const segments = await segmentsOf({ maxSeconds: 60, scenes: true })
  expect(segments.map(({ frames }) => frames.start)).toEqual(starts)
  expect(segments.map(({ frames }) => frames.end)).toEqual([...starts.slice(1), 295])
})

test('with a variable frame rate, parts of a shot have every frame, and share only those on screen in their overlap', async () => {
  for (const maxSeconds of [1, 2.5, 4, 7]) {
    const segments = await segmentsOf({ maxSeconds, scenes: false })
    expect(segments.length).toBeGreaterThan(2)
    for (let frame = 0; frame < 295; frame += 1) {
      const [from, to] = [times[frame] as number, times[frame + 1] ?? Number.POSITIVE_INFINITY]
      const holding = segments.filter(({ frames }) => frame >= frames.start && frame < frames.end)
      const onScreen = segments.filter(({ start, end }) => from < end - ROUNDING && to > start + ROUNDING)
      expect(holding, `frame ${frame} of segments of ${maxSeconds} s`).toEqual(onScreen)
      expect(holding.length).toBeGreaterThan(0)
    }
  }
})
