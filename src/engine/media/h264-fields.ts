const SLICE = 1
const IDR_SLICE = 5
const SEQUENCE_PARAMETERS = 7
const PICTURE_PARAMETERS = 8
/** Number of bytes of a NAL unit to parse: all needed fields precede the parts that may be long. */
const MAX_HEAD_BYTES = 512
/** Profiles whose sequence parameters contain the chroma format and scaling lists (H.264, 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])

interface SequenceParameters {
  readonly frameNumBits: number
  readonly framesOnly: boolean
  readonly colourPlanes: boolean
}

/** The properties of a field that determine which other field it pairs with. */
export interface Field {
  readonly frameNum: number
  readonly bottom: boolean
}

/**
 * Detects packets of an H.264 byte stream that hold a single field. Camcorders (AVCHD) write interlaced frames as separate fields, and FFmpeg's
 * demuxers return each field as a packet; MP4 and Matroska store both in one packet.
 */
export class FieldPairs {
  readonly #sequences = new Map<number, SequenceParameters>()
  /** Id of the sequence parameters that picture parameters refer to, by the id of the picture parameters. */
  readonly #pictures = new Map<number, number>()

  private constructor() {}

  /** `extradata` contains the stream's parameters. Returns null for a stream that has no fields or is not a byte stream. */
  static of(extradata: Uint8Array | null): FieldPairs | null {
    const pairs = new FieldPairs()
    // MP4's format starts with 1, a byte stream with a start code.
    if (extradata?.[0] !== 0) return null
    pairs.field(extradata)
    return [...pairs.#sequences.values()].some(({ framesOnly }) => !framesOnly) ? pairs : null
  }

  /** Returns the field in a packet; null for a whole frame or none. Must be called for every packet, because packets may contain parameters. */
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
        if (!(error instanceof RangeError)) throw error // truncated or damaged: the decoder reports it
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

/** Whether two consecutive fields form one frame, by the same rule as FFmpeg's decoder. */
export function areOnePicture(first: Field, second: Field): boolean {
  return first.frameNum === second.frameNum && first.bottom !== second.bottom
}

const START_CODE = Buffer.of(0, 0, 1)

/** Reads the bits of a NAL unit. Throws `RangeError` past the end. */
class BitReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    // A 3 after two zeros is an emulation prevention byte, not part of the content.
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
