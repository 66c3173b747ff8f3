import { closeSync, constants, openSync, readSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { readFailure } from '../../platform/file-failure.ts'
import { TarsierError } from '../../shared/errors.ts'

/** Boxes that contain other boxes; like FFmpeg, parses them at any position. */
const PARENTS = new Set(['moov', 'trak', 'mdia', 'minf', 'dinf', 'stbl', 'edts', 'moof', 'traf', 'mvex'])
/** Far more than the index of 24 hours of video. */
const MAX_INDEX_BYTES = 2 ** 28
/** Minimum mean size of a video frame: fewer bytes would not hold its header. */
const MIN_PICTURE_BYTES = 8
/** Old QuickTime files count audio samples before compression; no codec exceeds this compression ratio. */
const MAX_SOUND_RATIO = 64
/** Product of edits and entries of FFmpeg's index that every file may have: it repeats each entry for each edit that uses it. */
const MIN_EDITED_ENTRIES = 2 ** 15
/** Fewest samples of old QuickTime sound to which FFmpeg gives an entry of its index, unless a chunk ends before; mostly it is about 1024. */
const SAMPLES_PER_ENTRY = 160
/** Milliseconds of reading before yielding to the event loop and checking the abort signal. */
const SLICE_MS = 8
const MAX_DEPTH = 12

/** Boxes of a track, by type. */
interface Track {
  readonly boxes: Map<string, DataView>
}

/**
 * Rejects dangerous MP4 and QuickTime files before FFmpeg builds an index. Throws `no-frames` if the file declares more samples than its
 * bytes can hold (a few bytes can declare billions), `not-media` if its video data is in other files. Accepts all other files.
 */
export async function refuseMp4Bomb(path: string, bytes: number, signal: AbortSignal): Promise<void> {
  let file: number
  try {
    // Does not block if the file was replaced by a pipe.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw readFailure(path, error)
  }
  try {
    const check = new IndexCheck(path, bytes)
    let until = performance.now() + SLICE_MS
    for (let at = 0; at + 8 <= bytes; ) {
      const header = read(file, at, 16)
      const size = boxSize(header, bytes - at)
      if (size === null) return
      const { type, length, content } = size
      if (isIndex(type, header)) {
        if (length - content > MAX_INDEX_BYTES) throw tooMuch(path, `an index of ${length} bytes`)
        check.box(type === 'moof' ? type : 'moov', read(file, at + content, length - content), 0)
      }
      at += length
      if (performance.now() < until) continue
      await new Promise<void>((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
      until = performance.now() + SLICE_MS
    }
  } finally {
    closeSync(file)
  }
}

function read(file: number, at: number, length: number): DataView {
  const bytes = new Uint8Array(length)
  return new DataView(bytes.buffer, 0, readSync(file, bytes, 0, length, at))
}

/** Parses a box header; clips the length to `available`, the bytes left in the parent. Null if there is no valid header. */
function boxSize(view: DataView, available: number): { type: string; length: number; content: number } | null {
  if (view.byteLength < 8 || available < 8) return null
  const short = view.getUint32(0)
  const content = short === 1 && view.byteLength >= 16 ? 16 : 8
  const declared = content === 16 ? Number(view.getBigUint64(8)) : short === 0 ? available : short
  if (declared < content) return null
  return { type: typeAt(view, 4), length: Math.min(declared, available), content }
}

/** Whether a box is an index; FFmpeg also parses an index inside a `free` box. */
function isIndex(type: string, header: DataView): boolean {
  if (PARENTS.has(type)) return true
  return (type === 'free' || type === 'hoov') && header.byteLength >= 16 && ['mvhd', 'cmov'].includes(typeAt(header, 12))
}

function typeAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)))
}

class IndexCheck {
  readonly #path: string
  readonly #bytes: number
  /** Number of samples in all fragments so far. */
  #fragmented = 0

  constructor(path: string, bytes: number) {
    this.#path = path
    this.#bytes = bytes
  }

  box(type: string, view: DataView, depth: number, track: Track | null = null): void {
    const own = type === 'trak' ? { boxes: new Map<string, DataView>() } : track
    if (depth < MAX_DEPTH) {
      for (let at = 0; at + 8 <= view.byteLength; ) {
        const inner = boxSize(part(view, at, view.byteLength), view.byteLength - at)
        if (!inner) break
        const content = part(view, at + inner.content, at + inner.length)
        if (PARENTS.has(inner.type)) this.box(inner.type, content, depth + 1, own)
        else if (inner.type === 'cmov') this.#compressed(content, depth)
        else if (inner.type === 'trun') this.#fragment(content)
        else if (!own?.boxes.has(inner.type)) own?.boxes.set(inner.type, content)
        at += inner.length
      }
    }
    if (type === 'trak' && own) this.#track(own)
  }

  #track({ boxes }: Track): void {
    const pictures = ofType(boxes.get('hdlr'), 8) === 'vide'
    if (pictures && isElsewhere(boxes.get('dref'))) {
      throw new TarsierError(
        'not-media',
        `${this.#path} contains no pictures because it refers to another file. Give that file, or save this one as a self-contained movie.`,
      )
    }
    const sizes = boxes.get('stsz')
    const [each, count] = sizes && sizes.byteLength >= 12 ? [sizes.getUint32(4), sizes.getUint32(8)] : [0, 0]
    const times = boxes.get('stts')
    const single = !pictures && times && times.byteLength >= 16 && times.getUint32(4) === 1 && times.getUint32(12) === 1
    const samples = single ? Math.max(each === 0 ? 0 : count, samplesOfChunks(boxes)) : count
    if (single && samples > this.#bytes * MAX_SOUND_RATIO) throw tooMuch(this.#path, `${samples} samples`)
    const entries = single ? chunksIn(boxes) + samples / SAMPLES_PER_ENTRY : samples
    const edits = Math.floor(Math.min(declared(boxes.get('elst')), (boxes.get('elst')?.byteLength ?? 0) / 12))
    if (entries * edits > Math.max(this.#bytes, MIN_EDITED_ENTRIES)) throw tooMuch(this.#path, `${edits} edits of ${samples} samples`)
    const available = this.#bytes / (pictures ? MIN_PICTURE_BYTES : 1)
    if (each === 0) {
      // The table has one entry per sample.
      if (Math.min(count, ((sizes?.byteLength ?? 0) - 12) / 4) > available) throw tooMuch(this.#path, `${count} samples`)
      return
    }
    if (!single && (count > available || count * each > this.#bytes)) throw tooMuch(this.#path, `${count} samples`)
  }

  #fragment(view: DataView): void {
    if (view.byteLength < 8) return
    this.#fragmented += view.getUint32(4)
    if (this.#fragmented > this.#bytes) throw tooMuch(this.#path, `${this.#fragmented} samples`)
  }

  /** Checks QuickTime's compressed index: a 4-byte type, its size, and the compressed data. */
  #compressed(view: DataView, depth: number): void {
    for (let at = 0; at + 8 <= view.byteLength; ) {
      const inner = boxSize(part(view, at, view.byteLength), view.byteLength - at)
      if (!inner) return
      if (inner.type === 'cmvd') {
        const packed = part(view, at + inner.content + 4, at + inner.length)
        let bytes: Uint8Array
        try {
          bytes = inflateSync(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength), { maxOutputLength: MAX_PACKED_BYTES })
        } catch {
          throw tooMuch(this.#path, 'a compressed index that is damaged or too large')
        }
        this.box('moov', new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), depth + 1)
      }
      at += inner.length
    }
  }
}

/** QuickTime compressed the index of short videos only. */
const MAX_PACKED_BYTES = 2 ** 24

function part(view: DataView, start: number, end: number): DataView {
  const from = Math.min(start, view.byteLength)
  return new DataView(view.buffer, view.byteOffset + from, Math.max(0, Math.min(end, view.byteLength) - from))
}

function ofType(view: DataView | undefined, at: number): string {
  return view && view.byteLength >= at + 4 ? typeAt(view, at) : ''
}

/** Whether a data reference box refers to another file, that is, an entry lacks the self-contained flag. */
function isElsewhere(view: DataView | undefined): boolean {
  for (let at = 8; view && at + 12 <= view.byteLength; ) {
    const entry = boxSize(part(view, at, view.byteLength), view.byteLength - at)
    if (!entry) return false
    if (entry.length > 12 && (view.getUint32(at + 8) & 1) === 0) return true
    at += entry.length
  }
  return false
}

/** Number of entries that a table declares. */
function declared(table: DataView | undefined): number {
  return table && table.byteLength >= 8 ? table.getUint32(4) : 0
}

/** Number of chunks for which a place is given. */
function chunksIn(boxes: ReadonlyMap<string, DataView>): number {
  return Math.max(...['stco', 'co64'].map((name) => Math.min(declared(boxes.get(name)), (boxes.get(name)?.byteLength ?? 0) / 4)))
}

/** Total number of samples in all chunks, from the sample-to-chunk table. */
function samplesOfChunks(boxes: ReadonlyMap<string, DataView>): number {
  const runs = boxes.get('stsc')
  const chunks = boxes.get('stco') ?? boxes.get('co64')
  if (!runs || !chunks || chunks.byteLength < 8) return 0
  const entries = Math.floor((runs.byteLength - 8) / 12)
  let sum = 0
  for (let i = 0; i < entries; i += 1) {
    const first = runs.getUint32(8 + i * 12)
    const next = i + 1 < entries ? runs.getUint32(8 + (i + 1) * 12) : chunks.getUint32(4) + 1
    sum += Math.max(0, next - first) * runs.getUint32(12 + i * 12)
  }
  return sum
}

function tooMuch(path: string, what: string): TarsierError {
  return new TarsierError(
    'no-frames',
    `${path} declares ${what}, more than its size allows. It is damaged, or designed to exhaust memory, and was not read.`,
  )
}
