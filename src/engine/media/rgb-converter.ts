import { AV_FRAME_FLAG_INTERLACED, AV_PIX_FMT_RGB24, SWS_BILINEAR } from 'node-av/constants'
import { Frame, SoftwareScaleContext } from 'node-av/lib'
import type { RgbImage } from './types.ts'

/**
 * Decoded pictures to 8-bit RGB, as PyAV's `to_ndarray(format='rgb24')` does: matrix and range as the frame says,
 * bilinear where chroma is interpolated. A frame of another size than asked for, as after a change of resolution, is scaled.
 */
export class RgbConverter implements Disposable {
  readonly #width: number
  readonly #height: number
  readonly #context = new SoftwareScaleContext()

  constructor(width: number, height: number) {
    this.#width = width
    this.#height = height
    this.#context.allocContext()
    this.#context.setOption('sws_flags', SWS_BILINEAR)
  }

  /** Null when the picture's format cannot be converted. */
  async convert(source: Frame): Promise<RgbImage | null> {
    // decord converts interlaced pictures as whole ones; FFmpeg would take each field by itself, and only into interlaced ones.
    source.clearFlags(AV_FRAME_FLAG_INTERLACED)
    using target = new Frame()
    target.alloc()
    target.width = this.#width
    target.height = this.#height
    target.format = AV_PIX_FMT_RGB24
    // FFmpeg's own alignment: in rows without room behind them its fast conversion leaves out the last pixels.
    if (target.getBuffer(0) < 0 || (await this.#context.scaleFrame(target, source)) < 0) return null
    const rgb = target.toBuffer()
    return { width: this.#width, height: this.#height, rgb: new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.length) }
  }

  [Symbol.dispose](): void {
    this.#context.freeContext()
  }
}
