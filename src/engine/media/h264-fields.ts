const SLICE = 1
const IDR_SLICE = 5
const SEQUENCE_PARAMETERS = 7
const PICTURE_PARAMETERS = 8
/** Bytes of a NAL unit that are looked at: all that is needed stands before what may be long. */
const MAX_HEAD_BYTES = 512
/** Profiles whose sequence parameters tell the chroma format and scaling lists (H.264, 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])

interface SequenceParameters {
  readonly frameNumBits: number
  readonly framesOnly: boolean
  readonly colourPlanes: boolean
}

/** A field, as far as it tells which other one it makes a picture with. */
export interface Field {
  readonly frameNum: number
  readonly bottom: boolean
}

/**
 * Tells which packets of an H.264 byte stream hold only one field of a picture. Camcorders (AVCHD) write interlaced pictures so, and FFmpeg's
 * readers give each field as a packet; MP4 and Matroska keep both in one.
 */
export class FieldPairs {
  readonly #sequences = new Map<number, SequenceParameters>()
  /** The sequence parameters that picture parameters refer to, by their ids. */
  readonly #pictures = new Map<number, number>()

  private constructor() {}

  /** `extradata` are the stream's parameters; null for a stream that has no fields, or is no byte stream. */
  static of(extradata: Uint8Array | null): FieldPairs | null {
    const pairs = new FieldPairs()
    // MP4's form begins with 1, a byte stream with a start code.
    if (extradata?.[0] !== 0) return null
    pairs.field(extradata)
    return [...pairs.#sequences.values()].some(({ framesOnly }) => !framesOnly) ? pairs : null
  }

  /** The field that a packet holds; null where it holds a whole picture or none. To be asked of every packet, for parameters stand among them. */
  field(packet: Uint8Array): Field | null {
    const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length)
    for (let at = bytes.indexOf(START_CODE); at >= 0; at = bytes.indexOf(START_CODE, at)) {
      at += START_CODE.length
      const type = (bytes[at] ?? 0) & 0x1f
      const bits = new BitReader(bytes.subarray(at + 1, at + 1 + MAX_HEAD_BYTES))
      try {
        if (type === SEQUENCE_PARAMETERS) this.#readSequence(bits)
        else if (type === PICTURE_PARAMETERS) this.#pictures.set(bits.ue(), bits.ue())
        else if (type === SLICE || type === IDR_SLICE) return this.#readSlice(bits)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error // cut off or damaged: the decoder says what is wrong with it
      }
    }
    return null
  }

  #readSequence(bits: BitReader): void {
    const profile = bits.fixed(8)
    bits.fixed(16)
    const id = bits.ue()
    let colourPlanes = false
    if (HIGH_PROFILES.has(profile)) {
      const chromaFormat = bits.ue()
      colourPlanes = chromaFormat === 3 && bits.flag()
      bits.ue()
      bits.ue()
      bits.flag()
      const lists = bits.flag() ? (chromaFormat === 3 ? 12 : 8) : 0
      for (let list = 0; list < lists; list += 1) {
        const isGiven = bits.flag()
        if (isGiven) bits.skipScalingList(list < 6 ? 16 : 64)
      }
    }
    const frameNumBits = bits.ue() + 4
    const orderType = bits.ue()
    if (orderType === 0) bits.ue()
    else if (orderType === 1) {
      bits.flag()
      bits.se()
      bits.se()
      for (let left = bits.ue(); left > 0; left -= 1) bits.se()
    }
    bits.ue()
    bits.flag()
    bits.ue()
    bits.ue()
    if (frameNumBits > 16) throw new RangeError('a frame number has 16 bits at most')
    this.#sequences.set(id, { frameNumBits, framesOnly: bits.flag(), colourPlanes })
  }

  #readSlice(bits: BitReader): Field | null {
    bits.ue()
    bits.ue()
    const sequence = this.#sequences.get(this.#pictures.get(bits.ue()) ?? -1)
    if (!sequence || sequence.framesOnly) return null
    if (sequence.colourPlanes) bits.fixed(2)
    const frameNum = bits.fixed(sequence.frameNumBits)
    return bits.flag() ? { frameNum, bottom: bits.flag() } : null
  }
}

/** Whether two fields that follow one another make one picture: FFmpeg's decoder goes by the same. */
export function areOnePicture(first: Field, second: Field): boolean {
  return first.frameNum === second.frameNum && first.bottom !== second.bottom
}

const START_CODE = Buffer.of(0, 0, 1)

/** Bits of a NAL unit. Throws `RangeError` at their end. */
class BitReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    // A 3 after two zeros keeps start codes out, and is no part of the content.
    this.#bytes = bytes.filter((byte, i) => !(byte === 3 && i >= 2 && bytes[i - 1] === 0 && bytes[i - 2] === 0))
  }

  flag(): boolean {
    return this.fixed(1) === 1
  }

  fixed(length: number): number {
    let value = 0
    for (let left = length; left > 0; left -= 1) {
      const byte = this.#bytes[this.#at >> 3]
      if (byte === undefined) throw new RangeError('the NAL unit ends')
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1)
      this.#at += 1
    }
    return value
  }

  /** Unsigned Exp-Golomb code. */
  ue(): number {
    let zeros = 0
    while (!this.flag()) zeros += 1
    if (zeros > 31) throw new RangeError('no number is so large')
    return 2 ** zeros - 1 + this.fixed(zeros)
  }

  /** Signed Exp-Golomb code. */
  se(): number {
    const code = this.ue()
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2
  }

  skipScalingList(size: number): void {
    let last = 8
    let next = 8
    for (let i = 0; i < size; i += 1) {
      if (next !== 0) next = (last + this.se() + 256) % 256
      if (next !== 0) last = next
    }
  }
}
