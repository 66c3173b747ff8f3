import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { GifCanvas } from '../../../src/engine/media/gif-canvas.ts'
import { isGif, parseGif } from '../../../src/engine/media/gif-file.ts'
import { LzwDecoder } from '../../../src/engine/media/gif-lzw.ts'
import facts from '../../fixtures/media/media.json' with { type: 'json' }

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/media/${name}`, import.meta.url)))

async function drawn(bytes: Uint8Array): Promise<{ digests: string[]; whole: boolean[] }> {
  const file = parseGif(bytes)
  const canvas = new GifCanvas(bytes, file)
  const whole: boolean[] = []
  const digests: string[] = []
  while (canvas.next < file.frames.length) {
    whole.push(await canvas.draw(async () => {}))
    digests.push(createHash('sha256').update(canvas.rgb()).digest('hex'))
  }
  return { digests, whole }
}

test.each(Object.entries(facts.gifs))("%s equals Pillow's picture", async (name, digests) => {
  const bytes = read(name)
  expect(isGif(bytes)).toBe(true)
  expect(parseGif(bytes).truncated).toBe(false)
  const got = await drawn(bytes)
  expect(got.digests).toEqual(digests)
  expect(got.whole.every(Boolean)).toBe(true)
})

test('reads the same picture for any number of pixels at a time', () => {
  const bytes = read('5.gif')
  for (const { data, codeBits, width, height } of parseGif(bytes).frames) {
    const whole = new Uint8Array(width * height)
    expect(new LzwDecoder(bytes, data, codeBits).read(whole)).toBe(whole.length)
    for (const size of [1, 3, 64]) {
      const decoder = new LzwDecoder(bytes, data, codeBits)
      const pieces = new Uint8Array(width * height)
      for (let at = 0; at < pieces.length; at += size) {
        const piece = pieces.subarray(at, at + size)
        expect(decoder.read(piece)).toBe(piece.length)
      }
      expect(pieces).toEqual(whole)
    }
  }
})

test('reads the complete pictures of a truncated file', async () => {
  const bytes = read('2.gif')
  const all = facts.gifs['2.gif']
  let most = 0
  for (let length = 0; length < bytes.length; length += 1) {
    const cut = bytes.subarray(0, length)
    const file = parseGif(cut)
    expect(file.truncated).toBe(true)
    const { digests, whole } = await drawn(cut)
    const sound = whole.indexOf(false) < 0 ? whole.length : whole.indexOf(false)
    // In general a missing picture may still enlarge the screen; not in this file.
    expect(digests.slice(0, sound)).toEqual(all.slice(0, sound))
    most = Math.max(most, sound)
  }
  expect(most).toBe(all.length)
})

test('damage anywhere neither throws nor hangs', async () => {
  const bytes = read('3.gif')
  for (let at = 13; at < bytes.length; at += 1) {
    const damaged = bytes.slice()
    damaged[at] = (damaged[at] as number) ^ 0x15
    const { width, height } = parseGif(damaged)
    if (width * height < 1e6) await drawn(damaged)
  }
  expect((await drawn(bytes)).digests).toEqual(facts.gifs['3.gif'])
})
