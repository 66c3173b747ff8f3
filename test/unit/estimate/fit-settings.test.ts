import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ClipSettings, fitSettings } from '../../../src/engine/estimate/fit-settings.ts'

/** A model without a pixel budget: frames have 400,000 pixels, 1,000 per token. */
const PIXELS = 400_000
const FLOOR = 50_000
const tokens = ({ frames, maxPixels }: ClipSettings) => frames * Math.floor(Math.min(PIXELS, maxPixels ?? PIXELS) / 1000)
const within = (limit: number, fewerFrames = true) => ({
  fits: (settings: ClipSettings) => tokens(settings) <= limit,
  pixelsOf: () => PIXELS,
  floor: FLOOR,
  fewerFrames,
})

describe('fitSettings', () => {
  it('does not change settings that fit', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(3200))).toEqual({ frames: 8, maxPixels: undefined })
  })

  it('lowers pixels before frames, and no more than needed', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(3199))).toEqual({ frames: 8, maxPixels: 399_999 })
    expect(fitSettings({ frames: 8, maxPixels: 300_000 }, within(400))).toEqual({ frames: 8, maxPixels: 50_999 })
  })

  it('lowers frames at the minimum of pixels, and gives the rest back to the pixels', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(399))).toEqual({ frames: 7, maxPixels: 57_999 })
    expect(fitSettings({ frames: 8, maxPixels: 20_000 }, within(100))).toEqual({ frames: 5, maxPixels: 20_000 })
  })

  it('drops no explicitly requested frame, and reports when nothing fits', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(399, false))).toBeNull()
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(49))).toBeNull()
  })

  it('lowers only frames for towers with one size', () => {
    const square = { fits: ({ frames }: ClipSettings) => frames * 601 <= 2000, pixelsOf: () => 336 ** 2, floor: Number.POSITIVE_INFINITY }
    expect(fitSettings({ frames: 8, maxPixels: undefined }, { ...square, fewerFrames: true })).toEqual({ frames: 3, maxPixels: undefined })
  })

  it('is optimal: it fits, and neither one more frame nor one more pixel would', () => {
    const settings = fc.record({
      frames: fc.integer({ min: 1, max: 256 }),
      maxPixels: fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 100_000 }), (wanted, limit) => {
        const options = within(limit)
        const best = fitSettings(wanted, options)
        const minPixels = Math.min(FLOOR, wanted.maxPixels ?? FLOOR)
        if (best === null) {
          expect(options.fits({ frames: 1, maxPixels: minPixels })).toBe(false)
          return
        }
        expect(options.fits(best)).toBe(true)
        expect(best.frames).toBeLessThanOrEqual(wanted.frames)
        if (best.frames < wanted.frames) expect(options.fits({ frames: best.frames + 1, maxPixels: minPixels })).toBe(false)
        if (best.maxPixels !== wanted.maxPixels && best.maxPixels !== undefined)
          expect(options.fits({ frames: best.frames, maxPixels: best.maxPixels + 1 })).toBe(false)
      }),
    )
  })
})
