import { open } from 'node:fs/promises'
import type { PacketMetadata } from './frame-index.ts'
import { type Box, readMoov } from './mp4-boxes.ts'

/** The packets of a track in decoding order, and the end of the last frame. Times are in ticks of the track, with an arbitrary origin. */
export interface Mp4Index {
  readonly packets: readonly PacketMetadata[]
  readonly end: number
}

/**
 * Reads a video track's index from an MP4 or QuickTime file (a few megabytes for hours of video) instead of the whole file.
 * Null if the index is insufficient: fragments, edits that leave out frames, samples beyond the end of the file, damage.
 */
export async function readMp4Index(path: string, trackId: number): Promise<Mp4Index | null> {
  await using file = await open(path, 'r')
  const { size: bytes } = await file.stat()
  const moov = await readMoov(file, bytes)
  if (!moov || moov.child('mvex')) return null
  try {
    const track = moov.children().find((box) => box.type === 'trak' && idOf(box) === trackId)
    return track ? trackIndex(moov, track, bytes) : null
  } catch (error) {
    if (error instanceof RangeError) return null // a box is shorter than its contents
    throw error
  }
}

function idOf(track: Box): number {
  const header = track.child('tkhd')
  return header ? header.u32(header.version === 1 ? 20 : 12) : -1
}

function trackIndex(moov: Box, track: Box, bytes: number): Mp4Index | null {
  const table = track.child('mdia', 'minf', 'stbl')
  const sizes = table && sampleSizes(table)
  if (!table || !sizes || sizes.length === 0) return null
  if (!samplesInside(table, sizes, bytes)) return null
  const times = sampleTimes(table, sizes.length)
  if (!times || editLeavesOut(moov, track, times)) return null
  const syncs = table.child('stss')
  let keyframes: Set<number> | null = null
  if (syncs) {
    const count = syncs.tableSize(4, 4)
    if (count === null) return null
    keyframes = new Set(Array.from({ length: count }, (_, i) => syncs.u32(8 + i * 4) - 1))
  }
  const packets = Array.from(times.shown, (pts, at) => ({ pts, keyframe: keyframes?.has(at) ?? true }))
  return { packets, end: times.end }
}

/** Null also if there are empty samples, because demuxers skip those. */
function sampleSizes(table: Box): Uint32Array | null {
  const box = table.child('stsz')
  if (!box || box.length < 12) return null
  const each = box.u32(4)
  if (each > 0) return box.u32(8) > MAX_SAMPLES ? null : new Uint32Array(box.u32(8)).fill(each)
  const count = box.tableSize(8, 4)
  if (count === null) return null
  const sizes = Uint32Array.from({ length: count }, (_, i) => box.u32(12 + i * 4))
  return sizes.includes(0) ? null : sizes
}

/** More than a day at 100 frames a second. */
const MAX_SAMPLES = 10_000_000

/** Whether all samples are within the file. */
function samplesInside(table: Box, sizes: Uint32Array, bytes: number): boolean {
  const short = table.child('stco')
  const chunks = short ?? table.child('co64')
  const runs = table.child('stsc')
  const chunkCount = chunks?.tableSize(4, short ? 4 : 8) ?? null
  const runCount = runs?.tableSize(4, 12) ?? null
  if (!chunks || !runs || chunkCount === null || !runCount) return false
  let sample = 0
  let run = 0
  for (let chunk = 0; chunk < chunkCount && sample < sizes.length; chunk += 1) {
    while (run + 1 < runCount && runs.u32(8 + (run + 1) * 12) <= chunk + 1) run += 1
    let at = short ? chunks.u32(8 + chunk * 4) : chunks.u64(8 + chunk * 8)
    const last = Math.min(sizes.length, sample + runs.u32(12 + run * 12))
    for (; sample < last; sample += 1) at += sizes[sample] as number
    if (at > bytes) return false
  }
  return sample === sizes.length
}

interface SampleTimes {
  readonly shown: Float64Array
  readonly end: number
}

function sampleTimes(table: Box, count: number): SampleTimes | null {
  const shown = runs(table.child('stts'), count, (delta) => delta)
  if (!shown) return null
  let time = 0
  let delta = 0
  for (let i = 0; i < count; i += 1) {
    delta = shown[i] as number
    shown[i] = time
    time += delta
  }
  const box = table.child('ctts')
  const offsets = box && runs(box, count, (offset) => offset | 0)
  if (box && !offsets) return null
  let latest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i += 1) {
    shown[i] = (shown[i] as number) + (offsets?.[i] ?? 0)
    latest = Math.max(latest, shown[i] as number)
  }
  return { shown, end: latest + delta }
}

/** Expands a run-length table (sample count, value); null if it does not cover exactly `count` samples. */
function runs(box: Box | null, count: number, value: (raw: number) => number): Float64Array | null {
  const entries = box?.tableSize(4, 8)
  if (!box || !entries) return null
  const values = new Float64Array(count)
  let at = 0
  for (let i = 0; i < entries; i += 1) {
    const length = box.u32(8 + i * 8)
    if (at + length > count) return null
    values.fill(value(box.u32(12 + i * 8)), at, at + length)
    at += length
  }
  return at === count ? values : null
}

/** Whether the edit list does anything but play the whole track once at normal speed. */
function editLeavesOut(moov: Box, track: Box, { shown }: SampleTimes): boolean {
  const list = track.child('edts', 'elst')
  if (!list) return false
  const wide = list.version === 1
  const bytes = wide ? 20 : 12
  const count = list.tableSize(4, bytes)
  if (count === null) return true
  const edits = Array.from({ length: count }, (_, i) => {
    const at = 8 + i * bytes
    return {
      duration: wide ? list.u64(at) : list.u32(at),
      start: wide ? list.i64(at + 8) : list.i32(at + 4),
      rate: list.u32(at + bytes - 4),
    }
  })
  // An empty first edit only delays the track.
  const real = edits[0]?.start === -1 ? edits.slice(1) : edits
  const [edit] = real
  if (!edit) return count > 0
  const header = moov.child('mvhd')
  const media = track.child('mdia', 'mdhd')
  if (real.length > 1 || edit.rate !== 0x10000 || edit.start < 0 || !header || !media) return true
  const movieTicks = header.u32(header.version === 1 ? 20 : 12)
  const mediaTicks = media.u32(media.version === 1 ? 20 : 12)
  if (movieTicks === 0) return true
  const end = edit.start + Math.floor((edit.duration * mediaTicks) / movieTicks)
  return shown.some((time) => time < edit.start || (edit.duration > 0 && time >= end))
}
