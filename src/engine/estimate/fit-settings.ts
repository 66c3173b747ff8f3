/** Settings that determine how much context and memory a clip takes. */
export interface ClipSettings {
  readonly frames: number
  /** Maximum number of pixels per frame; undefined uses the model's limit. */
  readonly maxPixels: number | undefined
  /** Minimum number of pixels per frame. Defaults to the model's minimum. */
  readonly minPixels?: number | undefined
}

export interface FitOptions {
  /** Whether a clip fits with these settings. Must be monotonic: if settings fit, so do fewer frames or pixels. */
  fits(settings: ClipSettings): boolean
  /** Pixels per frame if only the model limits them, for this number of frames. */
  pixelsOf(frames: number): number
  /** Pixels below which frames are not reduced, because they would show nothing recognizable. */
  readonly floor: number
  /** Whether the number of frames may be reduced; false if frames were chosen individually. */
  readonly fewerFrames: boolean
}

/**
 * Returns the largest settings, up to the requested ones, that fit; null if none do. Reduces pixels to a floor first and frames only after
 * that, because events between dropped frames are lost, and because these models also trade pixels for frames. After dropping frames,
 * raises their pixels again as far as they fit.
 */
export function fitSettings(wanted: ClipSettings, options: FitOptions): ClipSettings | null {
  if (options.fits(wanted)) return wanted
  const shrunk = shrink(wanted, options)
  if (shrunk) return shrunk
  if (!options.fewerFrames) return null
  const floored = (frames: number) => ({ ...wanted, frames, maxPixels: lowest(wanted, frames, options) })
  const frames = greatest(1, wanted.frames - 1, (count) => options.fits(floored(count)))
  if (frames === null) return null
  return shrink({ ...wanted, frames }, options) ?? floored(frames)
}

/** Returns the settings with as many pixels as fit, between the floor and the requested number. */
function shrink(wanted: ClipSettings, { fits, floor, pixelsOf }: FitOptions): ClipSettings | null {
  if (fits(wanted)) return wanted
  const most = Math.min(wanted.maxPixels ?? Number.POSITIVE_INFINITY, pixelsOf(wanted.frames))
  const maxPixels = greatest(Math.min(floor, most), most, (pixels) => fits({ ...wanted, maxPixels: pixels }))
  return maxPixels === null ? null : { ...wanted, maxPixels }
}

/** The pixel limit at the floor; the requested limit if frames are that small anyway, or have a fixed size. */
function lowest(wanted: ClipSettings, frames: number, { floor, pixelsOf }: FitOptions): number | undefined {
  return Math.min(wanted.maxPixels ?? Number.POSITIVE_INFINITY, pixelsOf(frames)) <= floor ? wanted.maxPixels : floor
}

/** Binary search for the greatest integer from `least` to `most` that passes; once a value fails, all greater ones must. Null if `least` fails. */
export function greatest(least: number, most: number, passes: (value: number) => boolean): number | null {
  if (least > most || !passes(least)) return null
  let low = least
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (passes(middle)) low = middle
    else high = middle - 1
  }
  return low
}
