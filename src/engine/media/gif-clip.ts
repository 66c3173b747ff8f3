import { readFile } from 'node:fs/promises'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { GifCanvas } from './gif-canvas.ts'
import { type GifFile, parseGif } from './gif-file.ts'
import { fileError, hashFile } from './local-file.ts'
import { planFrames } from './sampling.ts'
import type { ChosenFrames, Clip, Frame, MediaInfo, PlanOptions, SamplingPlan } from './types.ts'

/** What a GIF without durations is played at by browsers, seconds a picture. */
const DEFAULT_DURATION = 0.1
/** Screens beyond this are refused before anything is allocated. */
const MAX_PIXELS = 2 ** 28
/** Pictures drawn between looks at other work. */
const DRAWN_AT_ONCE = 8

/** A GIF, its pictures put together as Pillow does. The file is held in memory as it is; one canvas is drawn on. */
export class GifClip implements Clip {
  readonly info: MediaInfo
  readonly #bytes: Uint8Array
  readonly #file: GifFile
  readonly #times: readonly number[]
  #closed = false

  private constructor(info: MediaInfo, bytes: Uint8Array, file: GifFile, times: readonly number[]) {
    this.info = info
    this.#bytes = bytes
    this.#file = file
    this.#times = times
  }

  /** Throws `no-frames` for a GIF without a picture. */
  static async open(path: string, signal: AbortSignal): Promise<GifClip> {
    const bytes = await readFile(path, { signal }).catch((error: NodeJS.ErrnoException) => {
      signal.throwIfAborted()
      throw fileError(path, error)
    })
    const file = parseGif(bytes)
    const { width, height, frames } = file
    if (frames.length === 0 || width * height === 0)
      throw new TarsierError('no-frames', `${path} is a GIF without a picture. It may be damaged or not complete.`)
    if (width * height > MAX_PIXELS)
      throw new TarsierError('no-frames', `${path} is too large: ${width}×${height} pixels. Shrink it first.`)
    const silent = frames.every((frame) => frame.duration === 0)
    const times: number[] = []
    let duration = 0
    for (const frame of frames) {
      times.push(duration)
      duration += silent ? DEFAULT_DURATION : frame.duration
    }
    const info: MediaInfo = {
      path,
      kind: 'gif',
      width,
      height,
      rotation: 0,
      frameCount: frames.length,
      rate: frames.length / duration,
      duration,
      container: 'gif',
      codec: 'gif',
      pixelFormat: 'pal8',
      bytes: bytes.length,
      notices: file.truncated
        ? [`The file is cut short: ${frames.length === 1 ? '1 picture is' : `${frames.length} pictures are`} there.`]
        : [],
    }
    return new GifClip(info, bytes, file, times)
  }

  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan {
    const chosen = planFrames(request, { ...this.info, timeOf: (index) => this.#times[index] ?? 0 }, options)
    const { width, height } = this.info
    return { ...chosen, pixels: picturesDrawn(chosen.indices) * width * height }
  }

  async *frames(plan: ChosenFrames, signal: AbortSignal, onNotice: (text: string) => void = () => {}): AsyncGenerator<Frame, void> {
    if (this.#closed) throw new Error('this clip is closed')
    let canvas = new GifCanvas(this.#bytes, this.#file)
    let damaged = false
    for (const index of plan.indices) {
      if (index < canvas.next - 1) canvas = new GifCanvas(this.#bytes, this.#file)
      while (canvas.next <= index) {
        if (!canvas.draw()) damaged = true
        if (canvas.next % DRAWN_AT_ONCE === 0) await new Promise<void>((resolve) => setImmediate(resolve))
        signal.throwIfAborted()
      }
      if (damaged) onNotice(`Frame ${index} is damaged: parts of it are missing.`)
      damaged = false
      const { width, height } = this.info
      yield { index, time: this.#times[index] ?? 0, width, height, rgb: canvas.rgb.slice() }
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

/** Pictures are drawn over one another: all that come before a wanted one, and from the first on where it lies further back. */
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
