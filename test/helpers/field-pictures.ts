import { AV_CODEC_ID_H264, AVMEDIA_TYPE_VIDEO } from 'node-av/constants'
import { FormatContext, Packet, Rational } from 'node-av/lib'

/** 8-bit RGB without padding, like the engine's frames. */
interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** Writes bits in H.264's order. */
class BitWriter {
  readonly #bytes: number[] = []
  #bits = 0
  #count = 0

  fixed(value: number, length: number): this {
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      this.#bits = (this.#bits << 1) | ((value >> bit) & 1)
      this.#count += 1
      if (this.#count === 8) {
        this.#bytes.push(this.#bits)
        this.#bits = 0
        this.#count = 0
      }
    }
    return this
  }

  /** Exp-Golomb code `ue(v)`. */
  ue(value: number): this {
    const length = Math.floor(Math.log2(value + 1))
    return this.fixed(0, length).fixed(value + 1, length + 1)
  }

  alignWithZeros(): this {
    return this.#count === 0 ? this : this.fixed(0, 8 - this.#count)
  }

  bytes(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte)
    return this
  }

  /** `rbsp_trailing_bits`. */
  end(): Uint8Array {
    this.fixed(1, 1).alignWithZeros()
    return Uint8Array.from(this.#bytes)
  }
}

const FRAME_NUM_BITS = 4

/** A NAL unit of a byte stream: a start code, and the bytes with emulation prevention. */
function nalUnit(type: number, payload: Uint8Array): Uint8Array {
  const out = [0, 0, 0, 1, (3 << 5) | type]
  let zeros = 0
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3)
      zeros = 0
    }
    out.push(byte)
    zeros = byte === 0 ? zeros + 1 : 0
  }
  return Uint8Array.from(out)
}

function sequenceParameters(width: number, height: number): Uint8Array {
  const bits = new BitWriter().fixed(77, 8).fixed(0, 8).fixed(30, 8) // Main profile, level 3
  bits
    .ue(0)
    .ue(FRAME_NUM_BITS - 4)
    .ue(2)
    .ue(1)
    .fixed(0, 1) // shown in decoding order, one reference frame
  bits.ue(width / 16 - 1).ue(height / 32 - 1)
  bits.fixed(0, 1).fixed(0, 1) // frame_mbs_only_flag, mb_adaptive_frame_field_flag
  bits.fixed(1, 1).fixed(0, 1).fixed(0, 1) // direct_8x8_inference_flag; neither cropping nor VUI
  return nalUnit(7, bits.end())
}

function pictureParameters(): Uint8Array {
  const bits = new BitWriter().ue(0).ue(0).fixed(0, 1).fixed(0, 1).ue(0) // CAVLC, one slice group
  bits.ue(0).ue(0).fixed(0, 1).fixed(0, 2).ue(0).ue(0).ue(0) // no weights, QP 26
  bits.fixed(1, 1).fixed(0, 1).fixed(0, 1) // deblocking_filter_control_present_flag
  return nalUnit(8, bits.end())
}

interface FieldOptions {
  readonly frameNum: number
  readonly bottom: boolean
  readonly idr: boolean
  readonly idrId: number
}

/** Encodes every other line of a picture as one slice with raw samples (I_PCM). */
function field(picture: Picture, { frameNum, bottom, idr, idrId }: FieldOptions): Uint8Array {
  const bits = new BitWriter().ue(0).ue(7).ue(0).fixed(frameNum, FRAME_NUM_BITS)
  bits.fixed(1, 1).fixed(Number(bottom), 1)
  if (idr) bits.ue(idrId).fixed(0, 2)
  else bits.fixed(0, 1)
  bits.ue(0).ue(1) // slice_qp_delta, no deblocking
  const line = (row: number) => 2 * row + Number(bottom)
  for (let top = 0; top < picture.height / 2; top += 16) {
    for (let left = 0; left < picture.width; left += 16) {
      bits.ue(25).alignWithZeros()
      for (let y = 0; y < 16; y += 1) for (let x = 0; x < 16; x += 1) bits.bytes([luma(picture, left + x, line(top + y))])
      bits.bytes(new Uint8Array(128).fill(128)) // grey
    }
  }
  return nalUnit(idr ? 5 : 1, bits.end())
}

function luma({ width, rgb }: Picture, x: number, y: number): number {
  const at = (y * width + x) * 3
  const [red, green, blue] = rgb.subarray(at, at + 3) as unknown as [number, number, number]
  return Math.round(16 + 0.257 * red + 0.504 * green + 0.098 * blue)
}

/**
 * Encodes pictures as interlaced H.264 like camcorders: each as two fields, which a decoder treats as separate pictures. No encoder of
 * FFmpeg does that. Sides are multiples of 16 and 32; `gop` is the number of pictures from keyframe to keyframe.
 */
export function* fieldPictures(
  pictures: Iterable<Picture>,
  gop: number,
): Generator<{ readonly fields: readonly Uint8Array[]; readonly keyframe: boolean }> {
  let count = 0
  for (const picture of pictures) {
    const keyframe = count % gop === 0
    const frameNum = (count % gop) % 2 ** FRAME_NUM_BITS
    const idrId = Math.floor(count / gop) % 2
    const top = field(picture, { frameNum, bottom: false, idr: keyframe, idrId })
    const bottom = field(picture, { frameNum, bottom: true, idr: false, idrId })
    const head = keyframe ? [sequenceParameters(picture.width, picture.height), pictureParameters()] : []
    yield {
      fields: [Buffer.concat([nalUnit(9, Uint8Array.of(0xf0)), ...head, top]), Buffer.concat([nalUnit(9, Uint8Array.of(0xf0)), bottom])],
      keyframe,
    }
    count += 1
  }
}

/** Ticks of an MPEG transport stream's clock per picture, at 25 pictures per second. */
const PICTURE_TICKS = 3600

/** Writes field pictures as an MPEG transport stream, with one packet and time per field or per picture. */
export async function writeFieldClip(path: string, pictures: Iterable<Picture>, gop: number, each: 'field' | 'picture'): Promise<void> {
  const format = new FormatContext()
  const packet = new Packet()
  packet.alloc()
  try {
    format.allocOutputContext2(null, 'mpegts', path)
    const stream = format.newStream(null)
    stream.codecpar.codecType = AVMEDIA_TYPE_VIDEO
    stream.codecpar.codecId = AV_CODEC_ID_H264
    stream.timeBase = new Rational(1, 90_000)
    await format.openOutput()
    await format.writeHeader()
    let pts = 90_000
    for (const { fields, keyframe } of fieldPictures(pictures, gop)) {
      const parts = each === 'field' ? fields : [Buffer.concat(fields)]
      for (const [i, data] of parts.entries()) {
        packet.data = Buffer.from(data)
        packet.streamIndex = stream.index
        packet.pts = BigInt(pts)
        packet.dts = BigInt(pts)
        packet.duration = BigInt(PICTURE_TICKS / parts.length)
        packet.isKeyframe = keyframe && i === 0
        if ((await format.writeFrame(packet)) < 0) throw new Error('a field cannot be written')
        packet.unref()
        pts += PICTURE_TICKS / parts.length
      }
    }
    await format.writeTrailer()
  } finally {
    packet.free()
    await format.closeOutput()
  }
}
