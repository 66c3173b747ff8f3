import { readFile } from 'node:fs/promises'
import { readFailure } from '../../platform/file-failure.ts'
import { hashFile } from '../../platform/hash-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { followsRate } from './frame-times.ts'
import { planFrames } from './sampling.ts'
import type { ChosenFrames, Clip, Frame, MediaInfo, PlanOptions, SamplingPlan } from './types.ts'

/** Seconds for which browsers and FFmpeg show a frame without a duration. */
const DEFAULT_DURATION = 0.1
/** Larger canvases are rejected before anything is allocated. Memory holds one canvas, and a copy if a frame has to be undone. */
const MAX_CANVAS_PIXELS = 2 ** 25
/** Maximum number of pixels to draw up to the last frame: one hour of 640×480 at 8 frames per second. */
const MAX_DRAWN_PIXELS = 2 ** 33
/** Maximum number of blocks of a GIF or chunks of another animation. Parsing more takes seconds, during which the process does not respond. */
export const MAX_BLOCKS = 2 ** 19
/** Milliseconds of drawing before yielding to the event loop and checking the abort signal. */
const SLICE_MS = 8

/** A parsed animation file. */
export interface Animation {
  readonly format: 'gif' | 'webp' | 'apng'
  readonly pixelFormat: string
  readonly width: number
  readonly height: number
  /** Size of the canvas area that each frame covers, and its duration in seconds; 0 if the file declares none. */
  readonly frames: readonly { readonly width: number; readonly height: number; readonly duration: number }[]
  /** The file is incomplete. */
  readonly truncated: boolean
  /** Number of parsed blocks. Parsing stops when it exceeds {@link MAX_BLOCKS}. */
  readonly blocks: number
  /** Creates a canvas positioned before the first frame. */
  canvas(): AnimationCanvas
}

/** A canvas on which frames are composited in order. */
export interface AnimationCanvas {
  /** Index of the next frame. */
  readonly next: number
  /** Draws the next frame; returns false if its data is damaged or incomplete. Calls `pause` at least every few hundred thousand pixels. */
  draw(pause: Pause): Promise<boolean>
  /** Returns a copy of the canvas, three bytes per pixel. */
  rgb(): Uint8Array
}

/** Yields to the event loop when a time slice is over; throws after an abort. */
export type Pause = () => Promise<void>

/**
 * A GIF, animated WebP or animated PNG; an image if it has a single frame. Frames are composited as Pillow does, and transparency is dropped as in its
 * `convert('RGB')`. The repeat count is ignored. Memory holds the file's bytes and one canvas.
 */
export class AnimationClip implements Clip {
  readonly info: MediaInfo
  readonly #animation: Animation
  readonly #times: readonly number[]
  #closed = false

  private constructor(info: MediaInfo, animation: Animation, times: readonly number[]) {
    this.info = info
    this.#animation = animation
    this.#times = times
  }

  /** Returns null if `parse` finds no animation. Throws `no-frames` for an animation without frames or beyond the limits. */
  static async open(path: string, parse: (bytes: Uint8Array) => Animation | null, signal: AbortSignal): Promise<AnimationClip | null> {
    const bytes = await readFile(path, { signal }).catch((error: NodeJS.ErrnoException) => {
      signal.throwIfAborted()
      throw readFailure(path, error)
    })
    const animation = parse(bytes)
    if (!animation) return null
    const { width, height, frames } = animation
    refuseBeyondLimits(path, animation)
    const times: number[] = []
    let end = 0
    for (const frame of frames) {
      times.push(end)
      end += frame.duration === 0 ? DEFAULT_DURATION : frame.duration
    }
    const still = frames.length === 1
    const duration = still ? 0 : end
    const rate = still ? 0 : frames.length / duration
    const info: MediaInfo = {
      path,
      kind: still ? 'image' : 'gif',
      width,
      height,
      pixelAspect: 1,
      rotation: 0,
      frameCount: frames.length,
      rate,
      constantRate: still || followsRate(frames.length, rate, (index) => times[index] ?? 0),
      duration,
      container: animation.format,
      codec: animation.format,
      pixelFormat: animation.pixelFormat,
      startTimecode: null,
      bytes: bytes.length,
      notices: animation.truncated
        ? [`The file is truncated: it contains only ${frames.length === 1 ? '1 picture' : `${frames.length} pictures`}.`]
        : [],
    }
    return new AnimationClip(info, animation, times)
  }

  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan {
    const chosen = planFrames(request, { ...this.info, timeOf: (index) => this.#times[index] ?? 0 }, options)
    const { width, height } = this.info
    return { ...chosen, pixels: picturesDrawn(chosen.indices) * width * height }
  }

  async *frames(plan: ChosenFrames, signal: AbortSignal, onNotice: (text: string) => void = () => {}): AsyncGenerator<Frame, void> {
    if (this.#closed) throw new Error('this clip is closed')
    const pause = pauses(signal)
    let canvas = this.#animation.canvas()
    let damaged = false
    for (const index of plan.indices) {
      if (index < canvas.next - 1) canvas = this.#animation.canvas()
      while (canvas.next <= index) {
        if (!(await canvas.draw(pause))) damaged = true
        await pause()
      }
      if (damaged) onNotice(`Frame ${index} is damaged: parts of it are missing.`)
      damaged = false
      const { width, height } = this.info
      yield { index, time: this.#times[index] ?? 0, width, height, rgb: canvas.rgb() }
    }
  }

  async contentHash(signal: AbortSignal): Promise<string> {
    return hashFile(this.info.path, signal)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function refuseBeyondLimits(path: string, { format, width, height, frames, blocks }: Animation): void {
  if (blocks > MAX_BLOCKS) {
    throw new TarsierError(
      'no-frames',
      `${path} is too long: it has more than ${MAX_BLOCKS} blocks, the limit for animations. Shorten it or convert it to a video first.`,
    )
  }
  if (frames.length === 0 || width * height === 0)
    throw new TarsierError('no-frames', `${path} is a ${format.toUpperCase()} file without pictures. It may be damaged or incomplete.`)
  if (width * height > MAX_CANVAS_PIXELS) {
    throw new TarsierError(
      'no-frames',
      `${path} is too large: ${width}×${height} pixels; the limit for animations is ${MAX_CANVAS_PIXELS}. Downscale it first.`,
    )
  }
  const drawn = frames.reduce((sum, frame) => sum + frame.width * frame.height, 0)
  if (drawn > MAX_DRAWN_PIXELS) {
    throw new TarsierError(
      'no-frames',
      `${path} is too large: its ${frames.length} pictures have ${drawn} pixels in total; the limit for animations is ${MAX_DRAWN_PIXELS}. Downscale or shorten it first.`,
    )
  }
}

function pauses(signal: AbortSignal): Pause {
  let until = performance.now() + SLICE_MS
  return async () => {
    if (performance.now() < until) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
    until = performance.now() + SLICE_MS
  }
}

/** Number of frames to draw: each requested frame needs all earlier ones, and going back restarts at the first frame. */
function picturesDrawn(indices: readonly number[]): number {
  let drawn = 0
  let next = 0
  for (const index of indices) {
    if (index < next - 1) next = 0
    drawn += Math.max(0, index + 1 - next)
    next = Math.max(next, index + 1)
  }
  return drawn
}
