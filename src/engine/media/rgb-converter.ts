import {
  AV_FRAME_DATA_DYNAMIC_HDR_PLUS,
  AV_FRAME_DATA_MASTERING_DISPLAY_METADATA,
  AV_FRAME_FLAG_INTERLACED,
  AV_PIX_FMT_RGB24,
  AVCOL_PRI_UNSPECIFIED,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_RANGE_UNSPECIFIED,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_CL,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_FCC,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE240M,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_TRC_UNSPECIFIED,
  type AVColorSpace,
  SWS_BILINEAR,
  type SwsFlags,
} from 'node-av/constants'
import { Frame, SoftwareScaleContext } from 'node-av/lib'
import { reuseLargeBuffers } from '../../platform/native-heap.ts'
import type { RgbImage } from './types.ts'

/** Colour matrices that swscale supports. It rejects all others, for which decord and PyAV use BT.601. */
const MATRICES = new Map<number, AVColorSpace>([
  [AVCOL_SPC_RGB, AVCOL_SPC_RGB],
  [AVCOL_SPC_BT709, AVCOL_SPC_BT709],
  [AVCOL_SPC_FCC, AVCOL_SPC_FCC],
  [AVCOL_SPC_BT470BG, AVCOL_SPC_BT470BG],
  [AVCOL_SPC_SMPTE170M, AVCOL_SPC_SMPTE170M],
  [AVCOL_SPC_SMPTE240M, AVCOL_SPC_SMPTE240M],
  [AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_NCL],
  [AVCOL_SPC_BT2020_CL, AVCOL_SPC_BT2020_NCL],
])

/**
 * Converts decoded frames to 8-bit RGB as PyAV's `to_ndarray(format='rgb24')` does: with the frame's matrix and range and
 * bilinear chroma interpolation. Frames of another size, for example after a change of resolution, are scaled.
 */
export class RgbConverter implements Disposable {
  readonly #width: number
  readonly #height: number
  readonly #context = new SoftwareScaleContext()
  readonly #reusing = reuseLargeBuffers()

  /** @param scaler FFmpeg's number of the method for frames of another size */
  constructor(width: number, height: number, scaler: SwsFlags = SWS_BILINEAR) {
    this.#width = width
    this.#height = height
    this.#context.allocContext()
    this.#context.setOption('sws_flags', scaler)
  }

  /** Returns null if the frame's format cannot be converted. */
  async convert(source: Frame): Promise<RgbImage | null> {
    using target = new Frame()
    target.alloc()
    if (!(await this.convertInto(target, source))) return null
    const rgb = target.toBuffer()
    return { width: this.#width, height: this.#height, rgb: new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.length) }
  }

  /** Converts into a frame without buffers; returns false if the source's format cannot be converted. */
  async convertInto(target: Frame, source: Frame): Promise<boolean> {
    keepMatrixAndRange(source)
    target.width = this.#width
    target.height = this.#height
    target.format = AV_PIX_FMT_RGB24
    // Use FFmpeg's own alignment: without row padding, its fast conversion leaves out the last pixels.
    return target.getBuffer(0) >= 0 && (await this.#context.scaleFrame(target, source)) >= 0
  }

  [Symbol.dispose](): void {
    this.#context.freeContext()
    this.#reusing[Symbol.dispose]()
  }
}

/**
 * Removes all colour metadata except the matrix and range, which decord and PyAV use. With primaries, a transfer curve or mastering
 * display data, swscale would tone-map to BT.709, using a table that takes seconds to build, and would reject unknown curves.
 */
function keepMatrixAndRange(frame: Frame): void {
  // decord converts interlaced frames as whole frames; FFmpeg would convert each field separately, and only into interlaced frames.
  frame.clearFlags(AV_FRAME_FLAG_INTERLACED)
  frame.colorPrimaries = AVCOL_PRI_UNSPECIFIED
  frame.colorTrc = AVCOL_TRC_UNSPECIFIED
  frame.removeSideData(AV_FRAME_DATA_MASTERING_DISPLAY_METADATA)
  frame.removeSideData(AV_FRAME_DATA_DYNAMIC_HDR_PLUS)
  frame.colorSpace = MATRICES.get(frame.colorSpace) ?? AVCOL_SPC_UNSPECIFIED
  if (frame.colorRange !== AVCOL_RANGE_MPEG && frame.colorRange !== AVCOL_RANGE_JPEG) frame.colorRange = AVCOL_RANGE_UNSPECIFIED
}
