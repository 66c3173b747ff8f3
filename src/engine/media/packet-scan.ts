import { AV_PKT_FLAG_CORRUPT, AV_PKT_FLAG_DISCARD } from 'node-av/constants'
import { Packet } from 'node-av/lib'
import { Demuxer, packetPts } from './demuxer.ts'
import type { PacketFacts } from './frame-index.ts'
import { readMp4Index } from './mp4-index.ts'

/** Milliseconds of reading packets between looks at other work and at the abort signal. */
const SLICE_MS = 8
/** Packets at the start and from the last keyframe on in which an index of our own reading has to agree with FFmpeg. */
const COMPARED = 4

/** The packets of a stream, in the order of decoding; times are FFmpeg's ticks. */
export interface PacketScan {
  readonly packets: readonly PacketFacts[]
  /** How many are damaged. */
  readonly corrupt: number
  /** Reading ended with an error instead of the file's end. */
  readonly failed: boolean
  /** End of the last frame in ticks, as far as timestamps tell. */
  readonly end: number
}

/** Finds all packets of a stream, by the container's index where that is enough, else by reading through without decoding. */
export async function scanPackets(path: string, demuxer: Demuxer, signal: AbortSignal): Promise<PacketScan> {
  if (demuxer.container.startsWith('mov,')) {
    const index = await readMp4Index(path, demuxer.stream.id)
    signal.throwIfAborted()
    const shift = index && (await shiftOf(index.packets, demuxer))
    if (index && shift !== null) {
      const packets = index.packets.map(({ pts, keyframe }) => ({ pts: (pts ?? 0) + shift, keyframe }))
      return { packets, corrupt: 0, failed: false, end: index.end + shift }
    }
    await using fresh = await Demuxer.open(path)
    return await readThrough(fresh, signal)
  }
  return await readThrough(demuxer, signal)
}

/**
 * By how many ticks FFmpeg's times differ from those of our own reading, the same for all packets; null when the two do not
 * agree at the start and from the last keyframe on.
 */
async function shiftOf(packets: readonly PacketFacts[], demuxer: Demuxer): Promise<number | null> {
  using packet = new Packet()
  packet.alloc()
  let shift: number | null = null
  const lastKeyframe = packets.findLastIndex((facts) => facts.keyframe)
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

/** Reads in slices that let other work in between. */
async function readThrough(demuxer: Demuxer, signal: AbortSignal): Promise<PacketScan> {
  using packet = new Packet()
  packet.alloc()
  const packets: PacketFacts[] = []
  let corrupt = 0
  let end = 0
  for (let more = true; more; ) {
    signal.throwIfAborted()
    const until = performance.now() + SLICE_MS
    do {
      more = demuxer.readSync(packet)
      if (!more) break
      if (packet.hasFlags(AV_PKT_FLAG_DISCARD)) continue // outside the edit list: decoded, never shown
      if (packet.hasFlags(AV_PKT_FLAG_CORRUPT)) corrupt += 1
      const pts = packetPts(packet)
      packets.push({ pts, keyframe: packet.isKeyframe })
      if (pts !== null) end = Math.max(end, pts + Number(packet.duration))
    } while (performance.now() < until)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { packets, corrupt, failed: demuxer.failed, end }
}
