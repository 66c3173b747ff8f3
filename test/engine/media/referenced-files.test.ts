import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Demuxer } from '../../../src/engine/media/demuxer.ts'
import { openClip } from '../../../src/engine/media/open-clip.ts'
import { writeClip } from '../../helpers/make-clip.ts'
import { box, changeBox, int32s, withAc4Track } from '../../helpers/mp4-file.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'

const { signal } = new AbortController()
let folder = ''
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tarsier-only-'))
  await writeClip(at('bait.mp4'), numberedPictures(20, 144, 96), { bFrames: 2 })
  await writeClip(at('bait.ts'), numberedPictures(20, 144, 96), { bFrames: 2 })
  await writeFile(at('bait1.jpg'), await readFile(fileURLToPath(new URL('../../fixtures/media/420.mp4', import.meta.url))))
  for (const [name, text] of Object.entries(INDIRECTIONS)) await writeFile(at(name), text.replaceAll('FOLDER', folder))
  await writeFile(at('reference.mov'), referring(await readFile(at('bait.mp4')), `${folder}/bait.mp4`))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const HLS = '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nNAME\n#EXT-X-ENDLIST\n'
const MPD =
  '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">' +
  '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>bait.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>'
const CPL =
  '<?xml version="1.0"?>\n<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>urn:uuid:0</Id><EditRate>24 1</EditRate></CompositionPlaylist>'

const INDIRECTIONS: Record<string, string> = {
  'absolute.m3u8': HLS.replace('NAME', 'FOLDER/bait.ts'),
  'relative.m3u8': HLS.replace('NAME', 'bait.ts'),
  'named as a film.mp4': HLS.replace('NAME', 'file:FOLDER/bait.ts'),
  'with a mark of its encoding.m3u8': `\ufeff${HLS.replace('NAME', 'bait.ts')}`,
  'plain.m3u': 'bait.mp4\n'.replace(/^/, '#EXTM3U\n'),
  'list.ffconcat': 'ffconcat version 1.0\nfile bait.mp4\n',
  'list.concat': "file 'bait.mp4'\n",
  'session.sdp':
    'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n',
  'manifest.mpd': MPD,
  'composition.xml': CPL,
  'list.pls': '[playlist]\nFile1=bait.mp4\nNumberOfEntries=1\n',
  'list.asx': '<asx version="3.0"><entry><ref href="bait.mp4"/></entry></asx>',
  'list.smil': '<smil><body><video src="bait.mp4"/></body></smil>',
  'subtitles.idx': '# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n',
}

/** The film with a reference to another file for its pictures, like QuickTime's reference movies. */
function referring(bytes: Buffer, path: string): Buffer {
  const name = Buffer.from(`file://${path}\0`)
  return changeBox(bytes, ['moov', 'trak', 'mdia', 'minf', 'dinf', 'dref'], () =>
    Buffer.concat([int32s(0, 1), box('url ', int32s(0), name)]),
  )
}

describe('reports a file that only refers to other files', () => {
  test.each([...Object.keys(INDIRECTIONS), 'reference.mov'])('%s', async (name) => {
    await expect(openClip(at(name), signal)).rejects.toMatchObject({
      code: 'not-media',
      message: expect.stringMatching(/other files|another file/),
    })
  })

  test.each(Object.keys(INDIRECTIONS))('FFmpeg would not open it either: %s', async (name) => {
    await expect(Demuxer.open(at(name), signal)).rejects.toMatchObject({ code: 'not-media' })
  })
})

test('a pattern in a name is part of the name', async () => {
  await writeFile(at('bait%d.jpg'), 'no picture')
  await expect(openClip(at('bait%d.jpg'), signal)).rejects.toMatchObject({ code: 'not-media' })
})

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// Without strace, opened files cannot be observed from outside.
test.skipIf(!hasStrace())('opens no file but the given one, as observed by the system', async () => {
  const names = [...Object.keys(INDIRECTIONS), 'reference.mov', 'bait%d.jpg']
  const program = fileURLToPath(new URL('../../helpers/open-clips.ts', import.meta.url))
  const traced = [
    '-f',
    '-qq',
    '-e',
    'trace=open,openat,openat2,connect',
    '-o',
    at('trace.log'),
    process.execPath,
    '--import',
    'tsx',
    program,
  ]
  const { stdout } = await promisify(execFile)('strace', [...traced, ...names.map(at)])
  expect(stdout.trim().split('\n')).toEqual(names.map(() => 'not-media'))
  const opened = (await readFile(at('trace.log'), 'utf8')).split('\n').filter((line) => line.includes(folder))
  expect(opened.filter((line) => !names.some((name) => line.includes(`${at(name)}"`)))).toEqual([])
  for (const name of names) expect(opened.some((line) => line.includes(`${at(name)}"`))).toBe(true)
})

/** The first packet of the sound, labelled AC-4: an assertion in FFmpeg's decoder would end the process. */
const FATAL = Buffer.from(
  'de02004c61766335392e33372e313030000260ac5ba9507226a578f5e3f7aeb896d5496a969524c93b83a101061572f1771ae92d6bda5e63c1bb63ceeaf93c52',
  'hex',
)

test('does not open the sound stream, even one that would crash the process', async () => {
  await writeFile(at('ac4.mp4'), withAc4Track(await readFile(at('bait.mp4')), Buffer.concat(Array.from({ length: 100 }, () => FATAL))))
  await using clip = await openClip(at('ac4.mp4'), signal)
  expect(clip.info).toMatchObject({ frameCount: 20, notices: [] })
  const plan = clip.plan({ kind: 'uniform', count: 20 })
  let given = 0
  for await (const _ of clip.frames(plan, signal, expect.unreachable)) given += 1
  expect(given).toBe(20)
})
