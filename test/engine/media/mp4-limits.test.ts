import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { box, boxes, changeBox, int32s, SAMPLE_TABLE, withAc4Track, withEdits } from '../../helpers/mp4-file.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'

const { signal } = new AbortController()
let folder = ''
let film = Buffer.alloc(0)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-limits-'))
  await writeClip(join(folder, 'film.mp4'), numberedPictures(20, 144, 96), {})
  film = await readFile(join(folder, 'film.mp4'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Declares this many samples of this many bytes each, all in chunks at one place. */
function declaringSamples(count: number, each: number, chunks: number): Buffer {
  const tables: Record<string, Buffer> = {
    stts: int32s(0, 1, count, 512),
    stsc: int32s(0, 1, 1, Math.ceil(count / chunks), 1),
    stsz: int32s(0, each, count),
    stco: int32s(0, chunks, ...Array.from({ length: chunks }, () => 48)),
  }
  let bytes = changeBox(film, [...SAMPLE_TABLE, 'stss'], () => int32s(0, 1, 1))
  for (const [type, content] of Object.entries(tables)) bytes = changeBox(bytes, [...SAMPLE_TABLE, type], () => content)
  return bytes
}

/** The index with a child of 64-bit size, or with one whose size exceeds its parent: FFmpeg reads both. */
function disguised(bytes: Buffer, type: string, wide: boolean): Buffer {
  const copy = Buffer.from(bytes)
  const start = copy.indexOf(type) - 4
  if (!wide) {
    copy.writeUInt32BE(0x7fffffff, start)
    return copy
  }
  return changeBox(bytes, ['moov', 'trak', 'mdia', 'minf'], (content) =>
    Buffer.concat(
      boxes(content as Buffer).map(({ name, content: inner, whole }) =>
        name === 'stbl' ? Buffer.concat([int32s(1), Buffer.from('stbl'), int32s(0, inner.length + 16), inner]) : whole,
      ),
    ),
  )
}

function compressed(bytes: Buffer): Buffer {
  const moov = boxes(bytes).find(({ name }) => name === 'moov')?.content as Buffer
  const whole = box('moov', moov)
  const packed = box('cmov', box('dcom', Buffer.from('zlib')), box('cmvd', int32s(whole.length), deflateSync(whole)))
  return changeBox(bytes, ['moov'], () => packed)
}

/** A fragment that declares this many samples of the track's default size and contains no bytes for them. */
function fragmented(count: number): Buffer {
  const fragment = box(
    'moof',
    box('mfhd', int32s(0, 1)),
    box('traf', box('tfhd', int32s(0x38, 1, 512, 1, 0)), box('trun', int32s(0, count))),
  )
  return Buffer.concat([film, fragment, box('mdat', Buffer.alloc(64))])
}

describe('rejects a small file that declares more than it can contain', () => {
  test.each<[string, () => Buffer]>([
    ['a hundred thousand samples of a byte', () => declaringSamples(100_000, 1, 100)],
    ['ten million samples', () => declaringSamples(10_000_000, 1, 10_000)],
    ['the maximum number of samples', () => declaringSamples(0xffffffff, 1, 10)],
    ['samples as large as the file', () => declaringSamples(1000, 3000, 10)],
    ['in a box of 64-bit size', () => disguised(declaringSamples(100_000, 1, 100), 'stbl', true)],
    ['in a box beyond its parent', () => disguised(declaringSamples(100_000, 1, 100), 'stbl', false)],
    ['in a compressed index', () => compressed(declaringSamples(100_000, 1, 100))],
    ['in a fragment', () => fragmented(100_000_000)],
    [
      'in edits that each show the whole track',
      () =>
        withEdits(
          film,
          Array.from({ length: 4000 }, () => ({ duration: 800, start: 0 })),
        ),
    ],
    ['in sound', () => changeSound(withAc4Track(film, Buffer.alloc(6400)))],
    ['in old sound', () => withOldSound({ samples: 400_000_000, size: 1, edits: 1 })],
    ['in chunks of old sound', () => withOldSound({ samples: 400_000_000, size: 0, edits: 1 })],
    ['in edits of old sound', () => withOldSound({ samples: 1_000_000, size: 1, edits: 1000 })],
  ])('%s', async (name, make) => {
    const path = join(folder, `${name}.mp4`)
    await writeFile(path, make())
    await expect(openClip(path, signal)).rejects.toMatchObject({
      code: 'no-frames',
      message: expect.stringContaining('more than its size allows'),
    })
  })
})

/** The sample count of the second track, multiplied by a thousand. */
function changeSound(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const sizes = copy.lastIndexOf('stsz')
  copy.writeUInt32BE(100_000, sizes + 12)
  return copy
}

/**
 * The film with old QuickTime sound in one chunk, of which FFmpeg indexes pieces of 1024 samples.
 * @param size bytes of each sample; 0 for a table that has none
 */
function withOldSound({ samples, size, edits }: { readonly samples: number; readonly size: number; readonly edits: number }): Buffer {
  const bytes = withAc4Track(film, Buffer.alloc(64_000))
  return changeBox(bytes, ['moov'], (content) => {
    const parts = boxes(content as Buffer)
    const sound = parts.findLastIndex(({ name }) => name === 'trak')
    const tables: Record<string, Buffer> = {
      stts: int32s(0, 1, samples, 1),
      stsc: int32s(0, 1, 1, samples, 1),
      stsz: int32s(0, size, size && samples),
    }
    const edit = int32s(800, 0, 0x10000)
    let track = parts[sound]?.whole as Buffer
    for (const [type, table] of Object.entries(tables)) track = changeBox(track, [...SAMPLE_TABLE.slice(1), type], () => table)
    const list = box('elst', int32s(0, edits), ...Array.from({ length: edits }, () => edit))
    track = changeBox(track, ['trak', 'edts'], () => list)
    return Buffer.concat(parts.map(({ whole }, i) => (i === sound ? track : whole)))
  })
}

test('opens old sound of more samples than bytes, with several edits', async () => {
  const path = join(folder, 'old-sound.mov')
  await writeFile(path, withOldSound({ samples: 256_000, size: 1, edits: 3 }))
  await using clip = await openClip(path, signal)
  expect(clip.info.frameCount).toBe(20)
})

test('opens valid files: plain, with a compressed index, in fragments', async () => {
  await writeClip(join(folder, 'fragments.mp4'), numberedPictures(20, 144, 96), {
    gop: 5,
    containerOptions: { movflags: 'frag_keyframe+empty_moov' },
  })
  await writeFile(join(folder, 'compressed.mov'), compressed(film))
  for (const name of ['film.mp4', 'fragments.mp4', 'compressed.mov']) {
    const clip = await openClip(join(folder, name), signal)
    expect(clip.info.frameCount).toBe(20)
    await clip.close()
  }
})
