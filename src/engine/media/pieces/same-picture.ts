import { Frame, Packet } from 'node-av/lib'
import { Demuxer } from '../demuxer.ts'
import { matrixOrientation, upright } from '../orientation.ts'
import { PictureDecoder } from '../picture-decoder.ts'
import { RgbConverter } from '../rgb-converter.ts'

/** Side in pixels of compared pictures: small enough that encoding again changes nothing. */
const SIDE = 24
/** Mean difference of two pictures, of 255, from which they are different. */
const DIFFERENT = 8
/** Packets after a keyframe that are searched for a frame. */
const MAX_PACKETS = 2000

/** Whether the first picture of a piece is the one that the clip shows at `pts`, in ticks. True also if the clip cannot be decoded there. */
export async function beginsAt(path: string, pts: number, piece: string, signal: AbortSignal): Promise<boolean> {
  const expected = await smallPicture(path, pts, signal)
  const found = await smallPicture(piece, null, signal)
  if (!expected || !found) return expected === null
  const difference = expected.reduce((sum, value, i) => sum + Math.abs(value - (found[i] ?? 0)), 0) / expected.length
  return difference < DIFFERENT
}

/** The picture with a presentation time in ticks, or the first one, upright and shrunk; null if there is none. */
async function smallPicture(path: string, pts: number | null, signal: AbortSignal): Promise<Uint8Array | null> {
  await using demuxer = await Demuxer.open(path, signal)
  using decoder = await PictureDecoder.open(path, demuxer.stream)
  using converter = new RgbConverter(SIDE, SIDE)
  using packet = new Packet()
  packet.alloc()
  using frame = new Frame()
  frame.alloc()
  if (pts !== null) await demuxer.seek(pts)
  for (let packets = 0, more = true; more; packets += 1) {
    signal.throwIfAborted()
    more = packets < MAX_PACKETS && (await demuxer.read(packet))
    await decoder.send(more ? packet : null)
    while (await decoder.receive(frame, !more)) {
      if (pts === null || Number(frame.bestEffortTimestamp) === pts) {
        const picture = await converter.convert(frame)
        return picture && upright(picture, matrixOrientation(demuxer.displayMatrix)).rgb
      }
      frame.unref()
    }
  }
  return null
}
