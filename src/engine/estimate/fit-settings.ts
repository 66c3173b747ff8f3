/** What decides how much of the context and of memory a clip takes. */
export interface ClipSettings {
  readonly frames: number
  /** Limit on the pixels of one frame; undefined leaves it to the model. */
  readonly maxPixels: number | undefined
  /** Fewest pixels of one frame; the model's own where it is left out. */
  readonly minPixels?: number | undefined
}

export interface FitOptions {
  /** Whether a clip fits with such settings. More frames or more pixels never fit better than fewer. */
  fits(settings: ClipSettings): boolean
  /** Pixels of a frame when nothing but the model limits it, for so many frames. */
  pixelsOf(frames: number): number
  /** Pixels below which frames are not shrunk: they would show nothing. */
  readonly floor: number
  /** False where the frames were chosen one by one. */
  readonly fewerFrames: boolean
}

/**
 * The largest settings, not above the wanted ones, that fit; null when none do. Frames are kept as long as possible, for what happens
 * between those left out is lost, and models of this kind give up pixels for frames themselves: first pixels go down to a floor, and only
 * then frames. What is gained by fewer frames is given back to their pixels.
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

/** The settings with as many pixels as fit, from the wanted ones down to the floor. */
function shrink(wanted: ClipSettings, { fits, floor, pixelsOf }: FitOptions): ClipSettings | null {
  if (fits(wanted)) return wanted
  const most = Math.min(wanted.maxPixels ?? Number.POSITIVE_INFINITY, pixelsOf(wanted.frames))
  const maxPixels = greatest(Math.min(floor, most), most, (pixels) => fits({ ...wanted, maxPixels: pixels }))
  return maxPixels === null ? null : { ...wanted, maxPixels }
}

/** The limit at the floor; the wanted one where frames are that small by themselves, or of one size whatever is asked. */
function lowest(wanted: ClipSettings, frames: number, { floor, pixelsOf }: FitOptions): number | undefined {
  return Math.min(wanted.maxPixels ?? Number.POSITIVE_INFINITY, pixelsOf(frames)) <= floor ? wanted.maxPixels : floor
}

/** The greatest whole number from `least` to `most` that a test passes, which fails from some number on; null when the least one fails. */
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
