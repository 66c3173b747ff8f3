import { MAX_BLOCKS } from './animation-clip.ts'

/** One frame of a GIF: its position in the file and on the canvas, and how it is composited. */
export interface GifFrame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly interlaced: boolean
  /** Three bytes per colour; a grey ramp if the file has no palette. */
  readonly palette: Uint8Array
  /** Palette index of transparent pixels; null for none. */
  readonly transparent: number | null
  /** 0 and 1: keep the frame, 2: fill its area with the background before the next frame, 3: restore the previous pixels. */
  readonly disposal: number
  /** Seconds; 0 if the file declares none. */
  readonly duration: number
  readonly codeBits: number
  /** Offset of the first data block. */
  readonly data: number
}

export interface GifFile {
  readonly width: number
  readonly height: number
  /** Palette index of the background. */
  readonly background: number
  readonly frames: readonly GifFrame[]
  /** The file ends before its trailer. */
  readonly truncated: boolean
  /** Number of parsed extensions and frames. */
  readonly blocks: number
}

const GREYS = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3))

const TRAILER = 0x3b
const EXTENSION = 0x21
const IMAGE = 0x2c
const GRAPHIC_CONTROL = 0xf9

/** Whether a file is a GIF, by at least its first 6 bytes. */
export function isGif(head: Uint8Array): boolean {
  const magic = String.fromCharCode(...head.subarray(0, 6))
  return magic === 'GIF87a' || magic === 'GIF89a'
}

/**
 * Lists the frames of a GIF without decoding them. Tolerates damaged files, as Pillow does: a disposal method
 * applies until another is set, and the canvas grows to contain frames that exceed it.
 */
export function parseGif(bytes: Uint8Array): GifFile {
  const byte = (at: number) => bytes[at] ?? 0
  const word = (at: number) => byte(at) | (byte(at + 1) << 8)
  let width = word(6)
  let height = word(8)
  const flags = byte(10)
  let at = 13
  const globalPalette = flags & 0x80 ? bytes.subarray(at, at + (6 << (flags & 7))) : GREYS
  if (flags & 0x80) at += 6 << (flags & 7)

  const frames: GifFrame[] = []
  let truncated = true
  let disposal = 0
  let transparent: number | null = null
  let duration = 0
  let blocks = 0
  while (at < bytes.length && blocks <= MAX_BLOCKS) {
    const mark = byte(at)
    at += 1
    if (mark === TRAILER) {
      truncated = false
      break
    }
    // The zeros of an unfinished download are none.
    if (mark === EXTENSION || mark === IMAGE) blocks += 1
    if (mark === EXTENSION) {
      if (byte(at) === GRAPHIC_CONTROL && byte(at + 1) >= 4 && at + 6 <= bytes.length) {
        const control = byte(at + 2)
        const method = (control >> 2) & 7
        if (method !== 0) disposal = method
        duration = word(at + 3) / 100
        if (control & 1) transparent = byte(at + 5)
      }
      at = skipBlocks(bytes, at + 1)
    } else if (mark === IMAGE) {
      if (at + 10 > bytes.length) break
      const frame = { left: word(at), top: word(at + 2), width: word(at + 4), height: word(at + 6) }
      const local = byte(at + 8)
      at += 9
      const paletteBytes = local & 0x80 ? 6 << (local & 7) : 0
      const palette = paletteBytes > 0 ? bytes.subarray(at, at + paletteBytes) : globalPalette
      at += paletteBytes
      if (at >= bytes.length) break
      frames.push({
        ...frame,
        interlaced: (local & 0x40) !== 0,
        palette,
        transparent,
        disposal,
        duration,
        codeBits: byte(at),
        data: at + 1,
      })
      width = Math.max(width, frame.left + frame.width)
      height = Math.max(height, frame.top + frame.height)
      at = skipBlocks(bytes, at + 1)
      transparent = null
      duration = 0
    }
  }
  return { width, height, background: flags & 0x80 ? byte(11) : 0, frames, truncated, blocks }
}

/** Offset after a chain of data blocks and its empty terminator. */
function skipBlocks(bytes: Uint8Array, start: number): number {
  let at = start
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) at += length + 1
  return at + 1
}
