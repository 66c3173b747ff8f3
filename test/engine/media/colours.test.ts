import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { type ClipOptions, writeClip } from '../../helpers/make-clip.ts'
import { noise } from '../../helpers/noise.ts'

const { signal } = new AbortController()
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-colours-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const WIDTH = 64
const HEIGHT = 48
/** Areas of one saturated color each. */
const colours = noise(48 * 3, 7)
const picture = {
  width: WIDTH,
  height: HEIGHT,
  rgb: Uint8Array.from(
    { length: WIDTH * HEIGHT * 3 },
    (_, i) => colours[(Math.floor(i / 3 / WIDTH / 8) * 8 + Math.floor(((i / 3) % WIDTH) / 8)) * 3 + (i % 3)] as number,
  ),
}

async function pixels(name: string, options: ClipOptions): Promise<{ rgb: Uint8Array; notices: readonly string[] }> {
  const path = join(folder, name)
  await writeClip(path, [picture, picture], { ...options, options: { crf: '10', ...options.options } })
  await using clip = await openClip(path, signal)
  for await (const { rgb } of clip.frames(clip.plan({ kind: 'indices', indices: [1] }), signal, expect.unreachable))
    return { rgb, notices: clip.info.notices }
  throw new Error('a clip gives a frame')
}

// Numbers as in FFmpeg: 1 BT.709, 9 BT.2020, 12 P3; curves 8 linear, 14 BT.2020, 16 PQ, 18 HLG.
test.each<[string, ClipOptions]>([
  ['p3.mp4', { colourSpace: 1, primaries: 12, transfer: 1 }],
  ['bt2020.mp4', { colourSpace: 9, primaries: 9, transfer: 14 }],
  ['linear.mp4', { colourSpace: 1, primaries: 1, transfer: 8 }],
  ['hlg.mp4', { colourSpace: 9, primaries: 9, transfer: 18 }],
  ['hlg-422.mp4', { colourSpace: 9, primaries: 9, transfer: 18, pixelFormat: 'yuv422p10le' }],
  ['pq-10.mp4', { colourSpace: 9, primaries: 9, transfer: 16, pixelFormat: 'yuv420p10le' }],
  ['pq-full-444.mp4', { colourSpace: 9, colourRange: 2, primaries: 9, transfer: 16, pixelFormat: 'yuv444p' }],
  ['pq-gbr.mp4', { codec: 'libx264rgb', pixelFormat: 'rgb24', primaries: 9, transfer: 16 }],
])('primaries and transfer curve do not change colors: %s', async (name, options) => {
  const { primaries: _, transfer, ...bare } = options
  const tagged = await pixels(name, options)
  const plain = await pixels(`bare-${name}`, bare)
  expect(Buffer.compare(tagged.rgb, plain.rgb)).toBe(0)
  expect(tagged.notices.filter((notice) => notice.includes('HDR')).length).toBe(transfer === 16 || transfer === 18 ? 1 : 0)
})

test('mastering display metadata does not change colors', async () => {
  const { 'x265-params': tags, ...x265 } = { codec: 'libx265', pixelFormat: 'yuv420p10le', 'x265-params': 'log-level=error' }
  const display = 'master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400'
  const hdr = `${tags}:colorprim=bt2020:transfer=smpte2084:${display}`
  const tagged = await pixels('mastered.mp4', { ...x265, options: { 'x265-params': hdr } })
  const plain = await pixels('unmastered.mp4', { ...x265, options: { 'x265-params': tags } })
  expect(Buffer.compare(tagged.rgb, plain.rgb)).toBe(0)
})

test.each([
  ['matrices unknown to swscale use BT.601, like decord', 'colormatrix=YCgCo', {}],
  ['ICtCp', 'colormatrix=ICtCp:colorprim=bt2020:transfer=smpte2084', {}],
  ['unknown transfer curves', 'transfer=log100:colorprim=film', {}],
  ['constant-luminance BT.2020 uses the non-constant matrix', 'colormatrix=bt2020c', { colourSpace: 9 }],
])('%s', async (name, tags, plainly) => {
  const tagged = await pixels(`${name}.mp4`, { options: { 'x264-params': tags }, ...(tags.endsWith('bt2020c') ? plainly : {}) })
  const plain = await pixels(`bare ${name}.mp4`, plainly)
  expect(Buffer.compare(tagged.rgb, plain.rgb)).toBe(0)
})
