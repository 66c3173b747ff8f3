import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { MAX_BLOCKS } from './animation-clip.ts'
import type { Layer, Layers } from './layered-canvas.ts'

const SIGNATURE = '\x89PNG\r\n\x1a\n'
/** Length and name before a chunk's data, and the checksum after it. */
const CHUNK_HEADER = 8
const CHUNK_CHECKSUM = 4
/** Maximum number of chunks before the `acTL` chunk, which marks an animation. */
const MAX_CHUNKS_BEFORE = 1000
/** Chunks that every frame needs besides its own data. */
const SHARED = ['PLTE', 'tRNS']

/** Whether a file is a PNG, by at least its first 8 bytes. */
export function isPng(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 8)) === SIGNATURE
}

/** Whether a PNG declares an animation before its image data. */
export async function isApng(path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const header = Buffer.alloc(CHUNK_HEADER)
  for (let at = SIGNATURE.length, count = 0; count < MAX_CHUNKS_BEFORE; count += 1) {
    const { bytesRead } = await file.read(header, 0, CHUNK_HEADER, at)
    const name = header.toString('latin1', 4)
    if (bytesRead < CHUNK_HEADER || name === 'IDAT' || name === 'IEND') return false
    if (name === 'acTL') return true
    at += CHUNK_HEADER + header.readUInt32BE(0) + CHUNK_CHECKSUM
  }
  return false
}

/**
 * Lists the frames of an animated PNG without decoding them. As in browsers, the default image is left out if
 * it is not part of the animation. Frames that exceed the canvas or have no data are left out as well.
 */
export function parseApng(bytes: Uint8Array): Layers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const shared: Uint8Array[] = []
  const frames: Layer[] = []
  let header: Uint8Array = new Uint8Array(13)
  let canvas = { width: 0, height: 0 }
  let control: Uint8Array | null = null
  let data: Uint8Array[] = []
  let ended = false
  let blocks = 0
  const finish = () => {
    const frame = control && data.length > 0 ? layerOf(control, header, shared, data) : null
    if (frame && frame.left + frame.width <= canvas.width && frame.top + frame.height <= canvas.height) frames.push(frame)
    data = []
  }
  for (let at = SIGNATURE.length; at + CHUNK_HEADER <= bytes.length && !ended && blocks <= MAX_BLOCKS; blocks += 1) {
    const length = view.getUint32(at)
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + CHUNK_HEADER))
    const chunk = bytes.subarray(at + CHUNK_HEADER, at + CHUNK_HEADER + length)
    at += CHUNK_HEADER + length + CHUNK_CHECKSUM
    // Zeros at the end are the rest of an unfinished download.
    if (chunk.length < length || name === '\0\0\0\0') break
    if (name === 'IHDR' && length === 13) {
      header = chunk
      canvas = { width: read32(chunk, 0), height: read32(chunk, 4) }
    } else if (SHARED.includes(name)) shared.push(pngChunk(name, chunk))
    else if (name === 'fcTL' && length === 26) {
      finish()
      control = chunk
    } else if (name === 'IDAT') data.push(chunk)
    else if (name === 'fdAT' && length > 4) data.push(chunk.subarray(4))
    else if (name === 'IEND') ended = true
  }
  finish()
  return { format: 'apng', form: header[8] === 16 && header[9] === 0 ? 'grey16' : 'plain', ...canvas, frames, truncated: !ended, blocks }
}

function layerOf(control: Uint8Array, header: Uint8Array, shared: readonly Uint8Array[], data: readonly Uint8Array[]): Layer | null {
  const [width, height] = [read32(control, 4), read32(control, 8)]
  if (width === 0 || height === 0) return null
  const delay = (control[20] as number) * 256 + (control[21] as number)
  const parts = (control[22] as number) * 256 + (control[23] as number)
  return {
    left: read32(control, 12),
    top: read32(control, 16),
    width,
    height,
    duration: delay / (parts === 0 ? 100 : parts),
    blend: control[25] === 1,
    disposal: control[24] === 1 ? 'clear' : control[24] === 2 ? 'restore' : 'keep',
    transparent: true,
    file: () => {
      const own = Buffer.from(header)
      own.writeUInt32BE(width, 0)
      own.writeUInt32BE(height, 4)
      const chunks = [pngChunk('IHDR', own), ...shared, ...data.map((piece) => pngChunk('IDAT', piece)), pngChunk('IEND', new Uint8Array())]
      return Buffer.concat([Buffer.from(SIGNATURE, 'latin1'), ...chunks])
    },
  }
}

function pngChunk(name: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(CHUNK_HEADER + data.length + CHUNK_CHECKSUM)
  chunk.writeUInt32BE(data.length, 0)
  chunk.write(name, 4, 'latin1')
  chunk.set(data, CHUNK_HEADER)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, CHUNK_HEADER + data.length)), CHUNK_HEADER + data.length)
  return chunk
}

function read32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at)
}
