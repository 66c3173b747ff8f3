import sharp from 'sharp'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { hashFile } from './local-file.ts'
import { planFrames } from './sampling.ts'
import type { ChosenFrames, Clip, Frame, MediaInfo, PlanOptions, SamplingPlan } from './types.ts'

/** Sides beyond this are refused before anything is allocated. */
const MAX_PIXELS = 2 ** 28

/** A picture, upright by its EXIF orientation; of pictures with several pages the first. */
export class StillClip implements Clip {
  readonly info: MediaInfo
  #closed = false

  private constructor(info: MediaInfo) {
    this.info = info
  }

  /** Null when sharp does not know the file. */
  static async open(path: string, bytes: number): Promise<StillClip | null> {
    const facts = await sharp(path, { limitInputPixels: false })
      .metadata()
      .catch(() => null)
    if (!facts?.width || !facts.height) return null
    if (facts.compression === 'hevc')
      throw new TarsierError('no-frames', `${path} is a HEIC picture, which cannot be decoded here. Save it as JPEG or PNG first.`)
    const { width, height } = facts.autoOrient
    if (width * height > MAX_PIXELS)
      throw new TarsierError('no-frames', `${path} is too large: ${width}×${height} pixels. Shrink it first.`)
    return new StillClip({
      path,
      kind: 'image',
      width,
      height,
      rotation: exifRotation(facts.orientation),
      frameCount: 1,
      rate: 0,
      duration: 0,
      container: facts.format,
      codec: facts.format,
      pixelFormat: facts.space,
      bytes,
      notices: [],
    })
  }

  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan {
    const chosen = planFrames(request, { ...this.info, timeOf: () => 0 }, options)
    return { ...chosen, pixels: chosen.indices.length * this.info.width * this.info.height }
  }

  async *frames(plan: ChosenFrames, signal: AbortSignal, onNotice: (text: string) => void = () => {}): AsyncGenerator<Frame, void> {
    if (this.#closed) throw new Error('this clip is closed')
    const { width, height, path } = this.info
    for (const index of plan.indices) {
      signal.throwIfAborted()
      const rgb = await decode(path, 'warning').catch(async () => {
        const repaired = await decode(path, 'none').catch((cause: unknown) => {
          throw new TarsierError('no-frames', `The picture ${path} cannot be decoded: it is damaged or not complete.`, { cause })
        })
        onNotice('The picture is damaged or not complete: parts of it are missing.')
        return repaired
      })
      signal.throwIfAborted()
      yield { index, time: 0, width, height, rgb }
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

async function decode(path: string, failOn: 'warning' | 'none'): Promise<Uint8Array> {
  const { data } = await sharp(path, { limitInputPixels: false, ignoreIcc: true, failOn })
    .autoOrient()
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return new Uint8Array(data.buffer, data.byteOffset, data.length)
}

/** EXIF mirrors before it turns: 5 is the picture mirrored left to right, then turned by 270 degrees. */
function exifRotation(orientation: number | undefined): MediaInfo['rotation'] {
  if (orientation === 3 || orientation === 4) return 180
  if (orientation === 6 || orientation === 7) return 90
  if (orientation === 5 || orientation === 8) return 270
  return 0
}
