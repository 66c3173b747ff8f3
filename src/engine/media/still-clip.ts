import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { readFailure } from '../../platform/file-failure.ts'
import { hashFile } from '../../platform/hash-file.ts'
import { unlessAborted } from '../../platform/unless-aborted.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { sizeText } from '../../shared/size-text.ts'
import { bounded } from '../bounded.ts'
import { decodePicture, type PixelForm, pixelForm } from './picture-pixels.ts'
import { planFrames } from './sampling.ts'
import type { ChosenFrames, Clip, Frame, MediaInfo, PlanOptions, SamplingPlan } from './types.ts'

/** Larger images are rejected before anything is allocated, as in Pillow. */
const MAX_PIXELS = 178_956_970
/** Images with more pixels need at least one byte per {@link PIXELS_PER_BYTE} pixels: otherwise they have no content and take gigabytes. */
const MAX_PIXELS_OF_ANY = 2 ** 26
const PIXELS_PER_BYTE = 512
/** Maximum file size of an image: {@link MAX_PIXELS} pixels of uncompressed 16-bit RGBA. */
const MAX_BYTES = MAX_PIXELS * 8

/**
 * An image, rotated by its EXIF orientation; the first page if there are several. libvips receives the bytes, never the path: it would keep the
 * file open and mapped, which on Windows prevents deleting or replacing it, and it does not support paths of more than 260 characters there.
 */
export class StillClip implements Clip {
  readonly info: MediaInfo
  readonly #form: PixelForm
  #closed = false

  private constructor(info: MediaInfo, form: PixelForm) {
    this.info = info
    this.#form = form
  }

  /** `head` contains the file's first bytes. Returns null if sharp does not recognize the file. */
  static async open(path: string, bytes: number, head: Uint8Array): Promise<StillClip | null> {
    if (bytes > MAX_BYTES) {
      throw new TarsierError(
        'no-frames',
        `${path} is too large: ${sizeText(bytes)}; the limit for pictures is ${sizeText(MAX_BYTES)}. Reduce its size first.`,
      )
    }
    const content = await readPicture(path)
    const metadata = await bounded(`Opening ${path}`, () => sharp(content, { limitInputPixels: false }).metadata()).catch(() => null)
    if (!metadata?.width || !metadata.height) return null
    if (metadata.compression === 'hevc')
      throw new TarsierError('no-frames', `${path} is a HEIC picture, which is not supported. Save it as JPEG or PNG first.`)
    const { width, height } = metadata.autoOrient
    const pixels = width * height
    if (pixels > MAX_PIXELS || (pixels > MAX_PIXELS_OF_ANY && pixels > bytes * PIXELS_PER_BYTE)) {
      const limit =
        pixels > MAX_PIXELS ? `the limit for pictures is ${MAX_PIXELS}` : `the limit for a file of ${bytes} bytes is ${MAX_PIXELS_OF_ANY}`
      throw new TarsierError('no-frames', `${path} is too large: ${width}×${height} pixels; ${limit}. Downscale it first.`)
    }
    const form = pixelForm(metadata, head)
    return new StillClip(
      {
        path,
        kind: 'image',
        width,
        height,
        // Stated resolutions are for printing; browsers ignore them.
        pixelAspect: 1,
        rotation: exifRotation(metadata.orientation),
        frameCount: 1,
        rate: 0,
        constantRate: true,
        duration: 0,
        container: metadata.format,
        codec: metadata.format,
        pixelFormat: metadata.space,
        startTimecode: null,
        bytes,
        notices: form === 'grey16' ? ['The picture has 16-bit greyscale values. As in Pillow, values above 255 are shown as white.'] : [],
      },
      form,
    )
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
      const content = await readPicture(path, signal)
      // libvips cannot be interrupted.
      const decode = (failOn: 'warning' | 'none') =>
        unlessAborted(decodePicture(content, { form: this.#form, alpha: false, failOn, maxPixels: MAX_PIXELS }), signal)
      const { pixels } = await decode('warning').catch(async () => {
        signal.throwIfAborted()
        const repaired = await decode('none').catch((cause: unknown) => {
          signal.throwIfAborted()
          throw new TarsierError('no-frames', `The picture ${path} cannot be decoded. It is damaged or incomplete.`, { cause })
        })
        onNotice('The picture is damaged or incomplete: parts of it are missing.')
        return repaired
      })
      yield { index, time: 0, width, height, rgb: pixels }
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

async function readPicture(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  return await readFile(path, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw readFailure(path, error)
  })
}

/** EXIF mirrors before it rotates: 5 is mirrored horizontally, then rotated by 270 degrees. */
function exifRotation(orientation: number | undefined): MediaInfo['rotation'] {
  if (orientation === 3 || orientation === 4) return 180
  if (orientation === 6 || orientation === 7) return 90
  if (orientation === 5 || orientation === 8) return 270
  return 0
}
