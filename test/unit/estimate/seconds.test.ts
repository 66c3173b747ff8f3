import { describe, expect, it } from 'vitest'
import { decodingOf } from '../../../src/engine/estimate/measure.ts'
import { secondsOf } from '../../../src/engine/estimate/seconds.ts'

const speeds = { patch: 2, prefilled: 5, generated: 50 }
const work = { pixels: 300e6, patches: 1000, prefilled: 400, answer: 101 }

describe('secondsOf', () => {
  it('adds up decoding, encoding, prefill and the first token, then the rest of the longest answer', () => {
    const seconds = secondsOf(speeds, 10, work)
    expect(seconds).toMatchObject({ decode: 3, encode: 2, prefill: 2 })
    expect(seconds?.firstToken).toBeCloseTo(7.05)
    expect(seconds?.all).toBeCloseTo(12.05)
  })

  it('omits unknown decoding times and reports it; nothing to decode takes no time', () => {
    expect(secondsOf(speeds, undefined, work)).toMatchObject({ decode: null, firstToken: 4.05 })
    expect(secondsOf(speeds, undefined, { ...work, pixels: 0, patches: 0 })).toMatchObject({ decode: 0, encode: 0, firstToken: 2.05 })
  })

  it.each(['patch', 'prefilled', 'generated'] as const)('is unknown while the speed %s is missing', (missing) => {
    expect(secondsOf({ ...speeds, [missing]: undefined }, 10, work)).toBeNull()
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
