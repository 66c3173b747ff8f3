import { AV_NOPTS_VALUE } from 'node-av/constants'
import { Packet, type Stream } from 'node-av/lib'
import { TarsierError } from '../../../shared/errors.ts'
import { type PieceContainer, PieceFile } from './piece-file.ts'
import { SoundAndPicture } from './sound.ts'

/** What of a file is copied. Times are in ticks of the video stream. */
export interface CopiedPiece {
  readonly container: PieceContainer
  /** Number of the video stream. */
  readonly stream: number
  /** Number of the stream of sound; null for none. */
  readonly sound: number | null
  /** Presentation time of the first frame, a keyframe. */
  readonly from: number
  /** Presentation time of the last frame. */
  readonly last: number
  /** When the last frame ends. */
  readonly end: number
  /** Number of packets to read in decoding order. */
  readonly count: number
}

/** Seconds before the keyframe at which reading starts, because sound may lie before the frames with which it is heard. */
const RUN_UP = 0.5
/** Seconds of packets that may lie between a frame and the sound that is heard with it. */
const INTERLEAVED = 5

/** Copies packets without decoding them. `onFrame` is called after each packet of video. */
export async function copyPiece(path: string, piece: CopiedPiece, target: string, signal: AbortSignal, onFrame: () => void): Promise<void> {
  await using media = await SoundAndPicture.open(path, signal)
  const { streams } = media.format
  const video = streams[piece.stream]
  const sound = piece.sound === null ? undefined : streams[piece.sound]
  if (!video) throw new TarsierError('file-unreadable', `${path} has changed. Try again.`)
  media.only([piece.stream, ...(sound ? [sound.index] : [])])
  await using file = new PieceFile(target, piece.container)
  const keepTags = media.format.iformat?.name?.startsWith('mov,') === true && piece.container === 'mp4'
  const videoOut = file.copied(video, keepTags)
  const soundOut = sound && file.copied(sound, false)
  await file.begin()
  const seconds = secondsPerTick(video)
  await media.seek(piece.stream, piece.from - Math.ceil(RUN_UP / seconds))
  const [start, end] = [piece.from * seconds, piece.end * seconds]
  using packet = new Packet()
  packet.alloc()
  let left = piece.count
  let begun = false
  let heard = sound === undefined
  while (left > 0 || !heard) {
    signal.throwIfAborted()
    if (!(await media.read(packet))) break
    const from = streams[packet.streamIndex]
    const stamp = packet.pts === AV_NOPTS_VALUE ? packet.dts : packet.pts
    if (!from || stamp === AV_NOPTS_VALUE || packet.size === 0) continue
    const at = Number(stamp) * secondsPerTick(from)
    if (from.index === piece.stream) {
      begun ||= Number(stamp) === piece.from && packet.isKeyframe
      if (!begun || left === 0) {
        if (at > end + INTERLEAVED) heard = true
        continue
      }
      left -= 1
      onFrame()
      if (stamp < BigInt(piece.from) || stamp > BigInt(piece.last)) continue // shown before the keyframe, or hidden
      shift(packet, BigInt(piece.from))
      await file.write(packet, videoOut, video.timeBase)
    } else if (sound && soundOut && from.index === sound.index) {
      if (at >= end) heard = true
      if (at < start || at >= end) continue
      shift(packet, BigInt(Math.round(start / secondsPerTick(sound))))
      await file.write(packet, soundOut, sound.timeBase)
    }
  }
  if (!begun) throw new TarsierError('internal', `The keyframe at ${start.toFixed(3)} s of ${path} was not found. Please report it.`)
  await file.finish()
}

function shift(packet: Packet, ticks: bigint): void {
  if (packet.pts !== AV_NOPTS_VALUE) packet.pts -= ticks
  if (packet.dts !== AV_NOPTS_VALUE) packet.dts -= ticks
}

function secondsPerTick({ timeBase }: Stream): number {
  return timeBase.num / timeBase.den
}
