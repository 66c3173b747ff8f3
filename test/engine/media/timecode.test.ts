import { Dictionary } from 'node-av/lib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const never = new AbortController().signal
let scratch: ScratchFolder

beforeAll(async () => {
  scratch = await ScratchFolder.make()
})
afterAll(() => scratch[Symbol.asyncDispose]())

type Format = Parameters<NonNullable<ClipOptions['beforeHeader']>>[0]

const grey = { width: 96, height: 64, rgb: new Uint8Array(96 * 64 * 3).fill(120) }

async function timecodeOf(name: string, beforeHeader: (format: Format) => void, options: ClipOptions = {}): Promise<string | null> {
  const path = scratch.path(name)
  await writeClip(path, Array(10).fill(grey) as (typeof grey)[], { ...options, beforeHeader })
  await using clip = await openClip(path, never)
  return clip.info.startTimecode
}

const ofStream = (timecode: string) => (format: Format) => {
  const [stream] = format.streams
  if (stream) stream.metadata = Dictionary.fromObject({ timecode })
}
const ofFile = (timecode: string) => (format: Format) => {
  format.metadata = Dictionary.fromObject({ timecode })
}
const ntsc = { rate: [30_000, 1001] } as const

test.each<[string, string, (timecode: string) => (format: Format) => void, ClipOptions]>([
  ['track.mov', '10:00:00:12', ofStream, {}],
  ['track.mp4', '01:02:03:04', ofStream, {}],
  ['drop-frame.mov', '01:00:00;02', ofStream, ntsc],
  ['non-drop.mov', '01:00:00:00', ofStream, ntsc],
  ['tag.mkv', '09:59:59:24', ofStream, {}],
  ['file-tag.mkv', '00:59:50:00', ofFile, {}],
  ['material.mxf', '01:00:00:00', ofFile, { codec: 'mpeg2video' }],
])('the timecode of the first frame is read from %s', async (name, timecode, where, options) => {
  expect(await timecodeOf(name, where(timecode), options)).toBe(timecode)
})

test('a file without a timecode, or with something else in its place, has none', async () => {
  expect(await timecodeOf('plain.mov', () => {})).toBeNull()
  expect(await timecodeOf('odd.mkv', ofFile('tomorrow'))).toBeNull()
})
