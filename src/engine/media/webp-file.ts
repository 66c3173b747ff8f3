import { MAX_BLOCKS } from './animation-clip.ts'
import type { Layer, Layers } from './layered-canvas.ts'

/** Bytes of the file header, of a chunk header and of the frame header before a frame's own chunks. */
const FILE_HEADER = 12
const CHUNK_HEADER = 8
const FRAME_HEADER = 16
/** Number of a frame's first chunks that are parsed. libwebp expects at most its transparency and its picture, and unknown ones after them. */
const FRAME_CHUNKS = 16

const ANIMATION = 0x02
const ALPHA = 0x10

/** Whether a file is an animated WebP, by its first bytes. */
export function isAnimatedWebp(head: Uint8Array): boolean {
  return tag(head, 0) === 'RIFF' && tag(head, 8) === 'WEBP' && tag(head, FILE_HEADER) === 'VP8X' && ((head[20] ?? 0) & ANIMATION) !== 0
}

/** Lists the frames of an animated WebP without decoding them. Frames that are damaged or exceed the canvas are left out. */
export function parseWebp(bytes: Uint8Array): Layers {
  const canvas = { width: number24(bytes, 24) + 1, height: number24(bytes, 27) + 1 }
  const frames: Layer[] = []
  let truncated = false
  let blocks = 0
  for (const chunk of chunks(bytes, FILE_HEADER, bytes.length, MAX_BLOCKS + 1)) {
    blocks += 1
    truncated = chunk.end > bytes.length
    const frame = chunk.tag === 'ANMF' && !truncated ? frameOf(bytes, chunk.start, chunk.end) : null
    if (frame && frame.left + frame.width <= canvas.width && frame.top + frame.height <= canvas.height) frames.push(frame)
  }
  return { format: 'webp', form: 'plain', ...canvas, frames, truncated, blocks }
}

interface Chunk {
  readonly tag: string
  /** Offset of its data. */
  readonly start: number
  /** End of its data; may be beyond the end of a truncated file. */
  readonly end: number
}

function* chunks(bytes: Uint8Array, from: number, end: number, limit: number): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = from, count = 0; at + CHUNK_HEADER <= end && count < limit; count += 1) {
    const [name, size] = [tag(bytes, at), view.getUint32(at + 4, true)]
    // Zeros at the end are the rest of an unfinished download.
    if (name === '\0\0\0\0') return
    yield { tag: name, start: at + CHUNK_HEADER, end: at + CHUNK_HEADER + size }
    at += CHUNK_HEADER + size + (size % 2)
  }
}

function frameOf(bytes: Uint8Array, start: number, end: number): Layer | null {
  const parts = [...chunks(bytes, start + FRAME_HEADER, end, FRAME_CHUNKS)].filter((part) => part.end <= end)
  const picture = parts.find((part) => part.tag === 'VP8 ' || part.tag === 'VP8L')
  if (!picture) return null
  const alpha = picture.tag === 'VP8 ' ? parts.find((part) => part.tag === 'ALPH') : undefined
  const [width, height] = [number24(bytes, start + 6) + 1, number24(bytes, start + 9) + 1]
  const flags = bytes[start + 15] as number
  // In the lossless format the alpha bit follows a signature and two 14-bit sizes.
  const transparent = alpha !== undefined || (picture.tag === 'VP8L' && ((bytes[picture.start + 4] ?? 0) & 0x10) !== 0)
  return {
    left: number24(bytes, start) * 2,
    top: number24(bytes, start + 3) * 2,
    width,
    height,
    duration: number24(bytes, start + 12) / 1000,
    blend: (flags & 2) === 0,
    disposal: flags & 1 ? 'clear' : 'keep',
    transparent,
    file: () => pictureFile(bytes, { width, height }, alpha, picture),
  }
}

/** Builds a WebP file with one image; a separate alpha chunk requires the extended header. */
function pictureFile(
  bytes: Uint8Array,
  { width, height }: { width: number; height: number },
  alpha: Chunk | undefined,
  picture: Chunk,
): Uint8Array {
  const extended = Buffer.alloc(10)
  extended.writeUInt8(ALPHA, 0)
  extended.writeUIntLE(width - 1, 4, 3)
  extended.writeUIntLE(height - 1, 7, 3)
  const copy = ({ tag, start, end }: Chunk) => riff(tag, bytes.subarray(start, end))
  const body = alpha ? [riff('VP8X', extended), copy(alpha), copy(picture)] : [copy(picture)]
  return riff('RIFF', Buffer.concat([Buffer.from('WEBP'), ...body]))
}

function riff(name: string, data: Uint8Array): Buffer {
  const header = Buffer.from(`${name}\0\0\0\0`)
  header.writeUInt32LE(data.length, 4)
  return Buffer.concat([header, data, Buffer.alloc(data.length % 2)])
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}

function number24(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
}
