import { AV_FRAME_FLAG_CORRUPT, AV_PKT_FLAG_DISCARD } from 'node-av/constants'
import { Frame, Packet } from 'node-av/lib'
import { reuseLargeBuffers } from '../../platform/native-heap.ts'
import { Demuxer, packetPts } from './demuxer.ts'
import type { FrameIndex } from './frame-index.ts'
import { isKeyframe, PictureDecoder } from './picture-decoder.ts'

/** Frames after a damaged one refer to it, so they are skipped up to the next keyframe, but not more than this many: some streams have only one. */
const MAX_SKIPPED = 300

/** A frame of a pass. */
export interface PassedFrame {
  readonly index: number
  /** Valid only until the next frame is requested; null if the frame cannot be decoded or shows damage. */
  readonly frame: Frame | null
}

/**
 * Decodes every frame of a clip once, in presentation order, as fast as its codec allows: without the loop filter, and smaller where
 * the codec can. Damaged frames are not retried.
 */
export async function* passOver(path: string, index: FrameIndex, signal: AbortSignal): AsyncGenerator<PassedFrame, void> {
  await using demuxer = await Demuxer.open(path, signal)
  using decoder = await PictureDecoder.open(path, demuxer.stream, 'coarse')
  using _reusing = reuseLargeBuffers()
  using packet = new Packet()
  packet.alloc()
  using frame = new Frame()
  frame.alloc()
  const ordered = index.order === 'timestamps'
  /** Of packets, in decoding order. */
  let position = -1
  /** Index of the next frame. */
  let next = 0
  let toSkip = 0
  for (let flushing = false; !flushing; ) {
    signal.throwIfAborted()
    flushing = !(await demuxer.read(packet))
    if (!flushing) {
      const pts = packetPts(packet)
      position = ordered ? (pts === null ? -1 : index.positionOf(pts)) : position + 1
      if (position < 0) continue // not in the index
      packet.clearFlags(AV_PKT_FLAG_DISCARD)
      packet.pts = BigInt(position)
    }
    await decoder.send(flushing ? null : packet)
    while (await decoder.receive(frame, flushing)) {
      signal.throwIfAborted()
      const place = index.frameOf(Number(frame.pts))
      // Near damage, decoders return some frames twice or too late.
      if (ordered ? place < next : index.hasHidden && place < 0) continue
      for (const found = ordered ? place : next; next < found; next += 1) yield { index: next, frame: null }
      const damaged = frame.decodeErrorFlags !== 0 || frame.hasFlags(AV_FRAME_FLAG_CORRUPT)
      toSkip = damaged ? MAX_SKIPPED : isKeyframe(frame) ? 0 : Math.max(0, toSkip - 1)
      if (next < index.count) yield { index: next, frame: toSkip > 0 ? null : frame }
      next += 1
      frame.unref()
    }
  }
  for (; next < index.count; next += 1) yield { index: next, frame: null }
}
