import type { FileHandle } from 'node:fs/promises'

/** A box of an MP4 or QuickTime file in memory: its content without the header. */
export class Box {
  readonly type: string
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(type: string, bytes: Uint8Array) {
    this.type = type
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get length(): number {
    return this.#bytes.length
  }

  /** Version of a full box. */
  get version(): number {
    return this.#view.getUint8(0)
  }

  u32(at: number): number {
    return this.#view.getUint32(at)
  }

  i32(at: number): number {
    return this.#view.getInt32(at)
  }

  /** Inexact beyond 2^53, which exceeds any file size. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(at))
  }

  i64(at: number): number {
    return Number(this.#view.getBigInt64(at))
  }

  /** Number of entries of a table whose count is at `at`; null if the box is too small for that many. */
  tableSize(at: number, entryBytes: number): number | null {
    if (this.length < at + 4) return null
    const count = this.u32(at)
    return at + 4 + count * entryBytes <= this.length ? count : null
  }

  children(): Box[] {
    const boxes: Box[] = []
    let at = 0
    while (at + 8 <= this.length) {
      const size = this.u32(at) === 0 ? this.length - at : this.u32(at)
      if (size < 8 || at + size > this.length) break // an index never contains boxes of 64-bit size
      boxes.push(new Box(typeName(this.#bytes, at + 4), this.#bytes.subarray(at + 8, at + size)))
      at += size
    }
    return boxes
  }

  /** Returns the first box on a path of types, such as `child('mdia', 'minf', 'stbl')`. */
  child(...path: string[]): Box | null {
    let box: Box | undefined = this
    for (const type of path) box = box?.children().find((inner) => inner.type === type)
    return box ?? null
  }
}

/** The index of a video of many hours takes tens of megabytes. */
const MAX_INDEX_BYTES = 2 ** 28
/** Maximum number of top-level boxes to read; fragmented files have one for every few seconds and no usable index. */
const MAX_BOXES = 64

/** Reads the `moov` box of a file; null if it is missing, incomplete or too large, or follows a fragment. */
export async function readMoov(file: FileHandle, bytes: number): Promise<Box | null> {
  const header = new Uint8Array(16)
  const view = new DataView(header.buffer)
  let at = 0
  for (let count = 0; count < MAX_BOXES && at + 8 <= bytes; count += 1) {
    const { bytesRead } = await file.read(header, 0, 16, at)
    if (bytesRead < 8) return null
    const type = typeName(header, 4)
    const short = view.getUint32(0)
    if (short === 1 && bytesRead < 16) return null
    const headerBytes = short === 1 ? 16 : 8
    const size = short === 1 ? Number(view.getBigUint64(8)) : short === 0 ? bytes - at : short
    if (size < headerBytes || type === 'moof') return null
    if (type === 'moov') {
      const length = size - headerBytes
      if (length > MAX_INDEX_BYTES || at + size > bytes) return null
      const content = new Uint8Array(length)
      const read = await file.read(content, 0, length, at + headerBytes)
      return read.bytesRead === length ? new Box('moov', content) : null
    }
    at += size
  }
  return null
}

function typeName(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}
