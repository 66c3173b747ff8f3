import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeClip } from '../../helpers/make-clip.ts'
import { numberedPictures } from '../../helpers/numbered-picture.ts'
import { waveBytes } from '../../helpers/wave.ts'
import { finishedTurn, RunService } from './run-service.ts'

const FRAMES = 60
const TEN_HOURS = 36_000

let run: RunService
const at = (name: string) => join(run.home, name)
beforeAll(async () => {
  run = await RunService.make()
  await writeClip(at('index-last.mp4'), numberedPictures(FRAMES, 144, 96))
  await writeClip(at('index-first.mp4'), numberedPictures(FRAMES, 144, 96), { containerOptions: { movflags: 'faststart' } })
})
afterAll(() => run[Symbol.asyncDispose]())

async function cut(name: string, share: number): Promise<Buffer> {
  const bytes = await readFile(at(name))
  return bytes.subarray(0, Math.floor(bytes.length * share))
}

/** Sets the declared duration of the film in every box of these kinds, in its own time scale. */
function withDuration(bytes: Buffer, seconds: number): Buffer {
  for (const kind of ['mvhd', 'mdhd', 'tkhd']) {
    for (let at = bytes.indexOf(kind); at >= 0; at = bytes.indexOf(kind, at + 4)) {
      expect(bytes[at + 4], 'boxes of version 0').toBe(0)
      // tkhd counts in the scale of mvhd, and has a track number where the others have their scale.
      const scale = bytes.readUInt32BE((kind === 'tkhd' ? bytes.indexOf('mvhd') : at) + 16)
      bytes.writeUInt32BE(seconds * scale, at + (kind === 'tkhd' ? 24 : 20))
    }
  }
  return bytes
}

/** What users read about a file: the answer with its notices. */
async function described(path: string) {
  const handle = await run.open(path)
  const facts = await run.page.clips.get({ handle })
  const { id: chat } = await run.page.chats.create({ handle })
  const { turn } = await finishedTurn(
    run.page.chats.ask({ chat, settings: { frames: { kind: 'uniform', count: 4 }, sampling: { maxTokens: 8 } } }),
  )
  return { facts, turn, notices: turn.answer?.notices ?? [] }
}

describe('rejects with an error message', () => {
  test.each<[string, string, RegExp, () => Promise<Buffer>]>([
    ['a film truncated before its index', 'not-media', /not a readable video or picture/, () => cut('index-last.mp4', 0.6)],
    ['sound alone', 'no-video', /no video|no picture/i, async () => waveBytes()],
    ['nothing at all', 'file-empty', /empty/, async () => Buffer.alloc(0)],
    ['a text', 'not-media', /not a readable video or picture/, async () => Buffer.from('It was a dark and stormy night. '.repeat(200))],
  ])('%s', async (name, code, sentence, make) => {
    const path = at(`${name}.mp4`)
    await writeFile(path, await make())
    await expect(run.open(path)).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) })
  })
})

describe('describes the readable part of', () => {
  test('a film that was cut short', async () => {
    await writeFile(at('cut.mp4'), await cut('index-first.mp4', 0.7))
    const { facts, turn, notices } = await described(at('cut.mp4'))
    expect(facts.frameCount).toBeLessThan(FRAMES)
    expect(facts.notices.join(' ')).toContain('truncated')
    expect(turn.state).toBe('done')
    expect(notices.join(' ')).toContain('truncated')
  })

  test('a single pixel', async () => {
    await sharp({ create: { width: 1, height: 1, channels: 3, background: '#f00' } })
      .png()
      .toFile(at('pixel.png'))
    const { facts, turn } = await described(at('pixel.png'))
    expect(facts).toMatchObject({ kind: 'image', width: 1, height: 1, frameCount: 1 })
    expect(turn).toMatchObject({ state: 'done', error: null })
  })

  test('a film of two seconds that claims to last ten hours', async () => {
    await writeFile(at('long.mp4'), withDuration(await readFile(at('index-first.mp4')), TEN_HOURS))
    const { facts, turn } = await described(at('long.mp4'))
    expect(facts).toMatchObject({ frameCount: FRAMES })
    expect(facts.duration).toBeLessThan(10)
    expect(turn.answer?.frames.map(({ index }) => index)).toEqual([0, 20, 39, 59])
    expect(turn.state).toBe('done')
  })
})
