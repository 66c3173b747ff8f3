import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ClipSettings, fitSettings } from '../../../src/engine/estimate/fit-settings.ts'

/** A model without a budget of its own: frames have 400,000 pixels, and a thousand make a token. */
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
  it('leaves alone what fits', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(3200))).toEqual({ frames: 8, maxPixels: undefined })
  })

  it('lowers pixels before frames, and no further than needed', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(3199))).toEqual({ frames: 8, maxPixels: 399_999 })
    expect(fitSettings({ frames: 8, maxPixels: 300_000 }, within(400))).toEqual({ frames: 8, maxPixels: 50_999 })
  })

  it('lowers frames where the floor is reached, and gives what is gained back to the pixels', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(399))).toEqual({ frames: 7, maxPixels: 57_999 })
    expect(fitSettings({ frames: 8, maxPixels: 20_000 }, within(100))).toEqual({ frames: 5, maxPixels: 20_000 })
  })

  it('drops no frame that was asked for by itself, and says when nothing fits', () => {
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(399, false))).toBeNull()
    expect(fitSettings({ frames: 8, maxPixels: undefined }, within(49))).toBeNull()
  })

  it('lowers frames only, of towers that take one size', () => {
    const square = { fits: ({ frames }: ClipSettings) => frames * 601 <= 2000, pixelsOf: () => 336 ** 2, floor: Number.POSITIVE_INFINITY }
    expect(fitSettings({ frames: 8, maxPixels: undefined }, { ...square, fewerFrames: true })).toEqual({ frames: 3, maxPixels: undefined })
  })

  it('gives the best there is: it fits, and neither another frame at the floor nor another pixel would', () => {
    const settings = fc.record({
      frames: fc.integer({ min: 1, max: 256 }),
      maxPixels: fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 100_000 }), (wanted, limit) => {
        const options = within(limit)
        const best = fitSettings(wanted, options)
        const least = Math.min(FLOOR, wanted.maxPixels ?? FLOOR)
        if (best === null) {
          expect(options.fits({ frames: 1, maxPixels: least })).toBe(false)
          return
        }
        expect(options.fits(best)).toBe(true)
        expect(best.frames).toBeLessThanOrEqual(wanted.frames)
        if (best.frames < wanted.frames) expect(options.fits({ frames: best.frames + 1, maxPixels: least })).toBe(false)
        if (best.maxPixels !== wanted.maxPixels && best.maxPixels !== undefined)
          expect(options.fits({ frames: best.frames, maxPixels: best.maxPixels + 1 })).toBe(false)
      }),
    )
  })
})
