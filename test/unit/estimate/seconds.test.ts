import { describe, expect, it } from 'vitest'
import { decodingOf } from '../../../src/engine/estimate/measure.ts'
import { secondsOf, shotSeconds, slowClipAdvice } from '../../../src/engine/estimate/seconds.ts'
import type { MediaMetadata } from '../../../src/shared/media-metadata.ts'

const speeds = { patch: 2, prefilled: 5, generated: 50 }
const work = { pixels: 300e6, patches: 1000, prefilled: 400, answer: 101 }

describe('secondsOf', () => {
  it('adds up decoding, encoding, prefill and the first token, then the rest of the longest answer', () => {
    const seconds = secondsOf(speeds, 10, work)
    expect(seconds).toMatchObject({ decode: 3, encode: 2, prefill: 2 })
    expect(seconds?.firstToken).toBeCloseTo(7.05)
    expect(seconds?.all).toBeCloseTo(12.05)
    const slow = { ...speeds, load: 20_000, start: 1000 }
    expect(secondsOf(slow, 10, { ...work, loads: true })).toMatchObject({ other: 21, firstToken: expect.closeTo(28.05) })
    // A further question about a clip that is in memory.
    expect(secondsOf(slow, 10, { ...work, pixels: 0, patches: 0 })).toMatchObject({ other: 0, firstToken: expect.closeTo(2.05) })
  })

  it('omits unknown decoding times and reports it; nothing to decode takes no time', () => {
    expect(secondsOf(speeds, undefined, work)).toMatchObject({ decode: null, firstToken: 4.05 })
    expect(secondsOf(speeds, undefined, { ...work, pixels: 0, patches: 0 })).toMatchObject({ decode: 0, encode: 0, firstToken: 2.05 })
  })

  it.each(['patch', 'prefilled', 'generated'] as const)('is unknown while the speed %s is missing', (missing) => {
    expect(secondsOf({ ...speeds, [missing]: undefined }, 10, work)).toBeNull()
  })
})

describe('slowClipAdvice', () => {
  const clip = { visualTokens: 12_064, frames: 16, shrinks: true }
  const first = { pixels: 0, patches: 48_256, prefilled: 12_100, answer: 256 }
  const advise = (size: Partial<typeof clip>, slower: number, work = first) =>
    slowClipAdvice({ ...clip, ...size }, secondsOf({ patch: slower, prefilled: slower, generated: 50 }, 0, work), work)

  it('names what makes a clip smaller if it takes minutes', () => {
    expect(advise({}, 3)).toEqual([
      'The 12,064 tokens of the clip take about 3 minutes until the first word. With fewer frames or fewer pixels per frame it comes sooner.',
    ])
    expect(advise({ frames: 1 }, 1)).toEqual([
      'The 12,064 tokens of the clip take about 1 minute until the first word. With fewer pixels per frame it comes sooner.',
    ])
    expect(advise({ shrinks: false }, 3)).toEqual([expect.stringMatching(/ With fewer frames it comes sooner\.$/)])
  })

  it('says nothing about clips that are quick, cannot be smaller or are in memory', () => {
    expect(advise({}, 0.9)).toEqual([])
    expect(advise({ frames: 1, shrinks: false }, 3)).toEqual([])
    expect(advise({}, 3, { ...first, patches: 0, prefilled: 50 })).toEqual([])
    expect(slowClipAdvice(clip, null, first)).toEqual([])
  })
})

describe('shotSeconds', () => {
  const hour: MediaMetadata = {
    kind: 'video',
    width: 1280,
    height: 720,
    pixelAspect: 1,
    rotation: 0,
    frameCount: 90_000,
    rate: 25,
    constantRate: true,
    duration: 3600,
    container: 'mp4',
    codec: 'h264',
    bytes: 1e9,
    notices: [],
  }

  it('is the decoding of all pixels of a video, and unknown for a codec of unknown speed', () => {
    expect(shotSeconds(hour, 2)).toBeCloseTo(165.9, 1)
    expect(shotSeconds(hour, undefined)).toBeNull()
  })

  it('is nothing for animations and images, which are one shot', () => {
    expect(shotSeconds({ ...hour, kind: 'gif' }, 2)).toBe(0)
    expect(shotSeconds({ ...hour, kind: 'image', frameCount: 1 }, undefined)).toBe(0)
  })
})

describe('decodingOf', () => {
  const timings = { probe: 1, decode: 500, encode: 1, prefill: 1, firstToken: 1, generate: 1, total: 504 }

  it('gives the milliseconds per million pixels of a codec', () => {
    expect(decodingOf({ timings, decoded: { codec: 'hevc', pixels: 50e6 } })).toEqual({ codec: 'hevc', megapixel: 10 })
  })

  it('ignores cached clips, a few small pictures, and a stopped clock', () => {
    expect(decodingOf({ timings })).toBeNull()
    expect(decodingOf({ timings, decoded: { codec: 'hevc', pixels: 1e6 } })).toBeNull()
    expect(decodingOf({ timings: { ...timings, decode: 0 }, decoded: { codec: 'hevc', pixels: 50e6 } })).toBeNull()
  })
})
