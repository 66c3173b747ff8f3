import { AV_PKT_FLAG_CORRUPT, AV_PKT_FLAG_DISCARD } from 'node-av/constants'
import { Frame, Packet } from 'node-av/lib'
import { Demuxer, packetPts } from './demuxer.ts'
import { FrameIndex, type PacketMetadata } from './frame-index.ts'
import { fileStamp } from './local-file.ts'
import { readMp4Index } from './mp4-index.ts'
import { PictureDecoder } from './picture-decoder.ts'

/** Milliseconds of reading packets before yielding to the event loop and checking the abort signal. */
const SLICE_MS = 8
/** Number of packets, at the start and from the last keyframe on, for which the parsed index must agree with FFmpeg. */
const COMPARED = 4
/** Number of packets decoded to check whether ascending times belong to the frames: several groups of B-frames. */
const PROBED = 64
/** Maximum number of packets of a clip with several edits whose frames are counted by decoding: some minutes of video. */
const MAX_DECODED_TO_COUNT = 4096

/** The packets of a stream, in decoding order. Times are in FFmpeg's ticks. */
export interface PacketScan {
  readonly packets: readonly PacketMetadata[]
  /** Packet times ascend as if nothing were reordered, but the decoder returns frames in another order. */
  readonly timesAreOfDecoding: boolean
  /** Number of damaged packets. */
  readonly corrupt: number
  /** Reading ended with an error instead of the end of the file. */
  readonly failed: boolean
  /** End of the last frame in ticks, as far as timestamps are known; -Infinity if there are none. */
  readonly end: number
}

/** A stream whose frames are known, and what its packets tell about the file. */
export interface IndexedStream extends Pick<PacketScan, 'corrupt' | 'failed' | 'end'> {
  readonly index: FrameIndex
  /** Number of packets, with those that an edit list hides. */
  readonly packets: number
  readonly hidden: boolean
  /** Number of packets that were joined from the packets of two fields. */
  readonly joined: number
}

/**
 * The file that was indexed last. A film is opened several times for each of its segments; its packets would take a second of reading and tens of
 * megabytes of garbage each time.
 */
let lastIndexed: { readonly key: string; readonly stream: IndexedStream } | null = null

/** Scans and indexes the stream of an open file, unless this file was the last one and has not changed. */
export async function indexStream(path: string, demuxer: Demuxer, signal: AbortSignal): Promise<IndexedStream> {
  const stamp = await fileStamp(path)
  const key = `${stamp} ${path}`
  if (stamp !== '' && lastIndexed?.key === key) return lastIndexed.stream
  const scan = await scanPackets(path, demuxer, signal)
  const { packets, corrupt, failed, end } = scan
  const stream = {
    index: await indexPackets(path, scan, signal),
    packets: packets.length,
    hidden: packets.some(({ hidden }) => hidden),
    joined: demuxer.joined,
    corrupt,
    failed,
    end,
  }
  if ((await fileStamp(path)) === stamp) lastIndexed = { key, stream }
  return stream
}

/** Lists all packets of a stream, from the container's index if that suffices, otherwise by reading the file without decoding. */
export async function scanPackets(path: string, demuxer: Demuxer, signal: AbortSignal): Promise<PacketScan> {
  const scan = (await scanIndex(path, demuxer, signal)) ?? (await scanThrough(path, demuxer, signal))
  const { videoDelay } = demuxer.stream.codecpar
  if (videoDelay <= 0 || !ascends(scan.packets.map(({ pts }) => pts))) return scan
  if (ascends(await decodedPositions(path, PROBED, signal))) return scan
  // The edit list skips the reordering delay, which this file's times do not contain, and so hides frames that should be shown.
  const first = scan.packets.findIndex(({ hidden }) => !hidden)
  if (first < 1 || first > videoDelay) return { ...scan, timesAreOfDecoding: true }
  const packets = scan.packets.map((packet, at) => (at < first ? { ...packet, hidden: false } : packet))
  return { ...scan, packets, timesAreOfDecoding: true }
}

/**
 * Builds the frame index of a scan. With several edits, the decoder continues across cuts and may drop frames after a
 * cut, as players do, so the frames have to be determined by decoding.
 */
export async function indexPackets(path: string, scan: PacketScan, signal: AbortSignal): Promise<FrameIndex> {
  const { packets, timesAreOfDecoding } = scan
  const index = new FrameIndex(packets, timesAreOfDecoding)
  if (index.order === 'timestamps' || timesAreOfDecoding || !index.hasHidden || packets.length > MAX_DECODED_TO_COUNT) return index
  const decoded = new Set(await decodedPositions(path, packets.length, signal))
  return new FrameIndex(
    packets.map((packet, at) => (decoded.has(at) ? packet : { ...packet, hidden: true })),
    timesAreOfDecoding,
  )
}

async function scanIndex(path: string, demuxer: Demuxer, signal: AbortSignal): Promise<PacketScan | null> {
  if (!demuxer.container.startsWith('mov,')) return null
  const index = await readMp4Index(path, demuxer.stream.id)
  signal.throwIfAborted()
  const shift = index && (await shiftOf(index.packets, demuxer))
  if (!index || shift === null) return null
  const packets = index.packets.map(({ pts, keyframe }) => ({ pts: (pts ?? 0) + shift, keyframe }))
  return { packets, timesAreOfDecoding: false, corrupt: 0, failed: false, end: index.end + shift }
}

async function scanThrough(path: string, demuxer: Demuxer, signal: AbortSignal): Promise<PacketScan> {
  if (!demuxer.container.startsWith('mov,')) return await readThrough(demuxer, signal)
  // The demuxer has already been read from for the comparison.
  await using fresh = await Demuxer.open(path, signal)
  return await readThrough(fresh, signal)
}

function ascends(values: readonly (number | null)[]): boolean {
  return values.every((value, i) => value !== null && (i === 0 || value > (values[i - 1] ?? value)))
}

/** Positions of the first packets in the order in which the decoder returns their frames. */
async function decodedPositions(path: string, most: number, signal: AbortSignal): Promise<number[]> {
  await using demuxer = await Demuxer.open(path, signal)
  using decoder = await PictureDecoder.open(path, demuxer.stream)
  using packet = new Packet()
  packet.alloc()
  using frame = new Frame()
  frame.alloc()
  const positions: number[] = []
  for (let at = 0, more = true; more; at += 1) {
    signal.throwIfAborted()
    more = at < most && (await demuxer.read(packet))
    packet.clearFlags(AV_PKT_FLAG_DISCARD)
    packet.pts = BigInt(at)
    await decoder.send(more ? packet : null)
    while (await decoder.receive(frame, !more)) {
      positions.push(Number(frame.pts))
      frame.unref()
    }
  }
  return positions
}

/**
 * Difference in ticks between FFmpeg's times and those of the parsed index, the same for all packets; null if the two do not
 * agree at the start and from the last keyframe on.
 */
async function shiftOf(packets: readonly PacketMetadata[], demuxer: Demuxer): Promise<number | null> {
  using packet = new Packet()
  packet.alloc()
  let shift: number | null = null
  const lastKeyframe = packets.findLastIndex((packet) => packet.keyframe)
  for (const start of lastKeyframe > 0 ? [0, lastKeyframe] : [0]) {
    const from = packets[start]?.pts ?? null
    if (from === null || (shift !== null && !(await demuxer.seek(from + shift)))) return null
    for (const expected of packets.slice(start, start + COMPARED)) {
      const pts = (await demuxer.read(packet)) ? packetPts(packet) : null
      if (pts === null || expected.pts === null || packet.hasFlags(AV_PKT_FLAG_DISCARD)) return null
      shift ??= pts - expected.pts
      if (pts - expected.pts !== shift || (expected.keyframe && !packet.isKeyframe)) return null
    }
  }
  return shift
}

/** Reads all packets in time slices, yielding to the event loop between them. */
async function readThrough(demuxer: Demuxer, signal: AbortSignal): Promise<PacketScan> {
  using packet = new Packet()
  packet.alloc()
  const packets: PacketMetadata[] = []
  let corrupt = 0
  let end = Number.NEGATIVE_INFINITY // times may be negative, as in transport streams that are recorded when their clock starts anew
  for (let more = true; more; ) {
    signal.throwIfAborted()
    const until = performance.now() + SLICE_MS
    do {
      more = demuxer.readSync(packet)
      if (!more) break
      if (packet.hasFlags(AV_PKT_FLAG_CORRUPT)) corrupt += 1
      const pts = packetPts(packet)
      const hidden = packet.hasFlags(AV_PKT_FLAG_DISCARD)
      packets.push({ pts, keyframe: packet.isKeyframe, hidden })
      if (pts !== null && !hidden) end = Math.max(end, pts + Number(packet.duration))
    } while (performance.now() < until)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { packets, timesAreOfDecoding: false, corrupt, failed: demuxer.failed, end }
}
