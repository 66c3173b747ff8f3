/** Changes MP4 files whose index comes last, as `writeClip` writes them, so that sample offsets remain valid. */

type Change = (content: Buffer | null) => Buffer | null

/**
 * Returns the file with a changed content of the first box on a path of types, such as `['moov', 'trak', 'edts']`. `change` receives null
 * for a missing box, which is then added at the end of its parent, and returns null to remove the box.
 */
export function changeBox(bytes: Buffer, way: readonly string[], change: Change): Buffer {
  const [type, ...inner] = way as [string, ...string[]]
  const parts: Buffer[] = []
  let found = false
  for (const { name, content, whole } of boxes(bytes)) {
    if (found || name !== type) {
      parts.push(whole)
      continue
    }
    found = true
    const changed = inner.length > 0 ? changeBox(content, inner, change) : change(content)
    if (changed) parts.push(box(type, changed))
  }
  const added = found || inner.length > 0 ? null : change(null)
  return Buffer.concat(added ? [...parts, box(type, added)] : parts)
}

/** A box with this content. */
export function box(type: string, ...content: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0))
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, ...content])
}

/** 32-bit numbers, signed or not. */
export function int32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4)
  return bytes
}

export const SAMPLE_TABLE = ['moov', 'trak', 'mdia', 'minf', 'stbl'] as const

export interface Edit {
  /** In the movie's ticks: a thousand per second in what FFmpeg writes. */
  readonly duration: number
  /** In the track's ticks; -1 shows nothing for this duration. */
  readonly start: number
  /** Defaults to 1. */
  readonly rate?: number
}

/** The file with another edit list. */
export function withEdits(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const entries = edits.map(({ duration, start, rate = 1 }) => int32s(duration, start, rate * 0x10000))
  return changeBox(bytes, ['moov', 'trak', 'edts'], () => box('elst', int32s(0, edits.length), ...entries))
}

interface Part {
  readonly name: string
  readonly content: Buffer
  readonly whole: Buffer
}

/** The boxes of a buffer, none of them of 64-bit size. */
export function boxes(bytes: Buffer): Part[] {
  const parts: Part[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at)
    if (size < 8) throw new Error('a box of a size that helpers do not know')
    const whole = bytes.subarray(at, at + size)
    parts.push({ name: whole.toString('latin1', 4, 8), content: whole.subarray(8), whole })
    at += size
  }
  return parts
}

/** The file with a second track: AC-4 sound, a thousand samples per second of 64 bytes each, taken from `data`. */
export function withAc4Track(bytes: Buffer, data: Buffer): Buffer {
  const moov = boxes(bytes).find(({ name }) => name === 'moov')
  const track = moov && boxes(moov.content).find(({ name }) => name === 'trak')
  if (!track) throw new Error('the file has no track')
  const samples = Math.floor(data.length / 64)
  const entry = box('ac-4', int32s(0, 1, 0, 0, 0x00020010, 0, 48000 << 16), box('dac4', int32s(0x20a40140, 0, 0)))
  const tables = Buffer.concat([
    box('stsd', int32s(0, 1), entry),
    box('stts', int32s(0, 1, samples, TICKS_A_SAMPLE)),
    box('stsc', int32s(0, 1, 1, samples, 1)),
    box('stsz', int32s(0, 64, samples)),
    box('stco', int32s(0, 1, bytes.length + BYTES_ADDED)),
  ])
  let sound = changeBox(track.whole, ['trak', 'edts'], () => null)
  sound = changeBox(sound, ['trak', 'tkhd'], (content) => patched(content, 12, int32s(2)))
  sound = changeBox(sound, ['trak', 'mdia', 'hdlr'], (content) => patched(content, 8, Buffer.from('soun')))
  sound = changeBox(sound, ['trak', 'mdia', 'minf', 'stbl'], () => tables)
  const changed = changeBox(bytes, ['moov'], (content) => Buffer.concat([content ?? Buffer.alloc(0), sound]))
  const gap = Buffer.alloc(bytes.length + BYTES_ADDED - changed.length - 16)
  return Buffer.concat([changed, box('free', gap), box('mdat', data)])
}

const TICKS_A_SAMPLE = 512
/** Space for the track between the file's old end and its sound. */
const BYTES_ADDED = 4096

function patched(content: Buffer | null, at: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(content ?? Buffer.alloc(0))
  bytes.copy(copy, at)
  return copy
}
