import type { FrameIndex } from './frame-index.ts'

/**
 * Returns the end of the stretch that starts with `wanted[start]`. A stretch is decoded in one pass: it continues while frames ascend and no
 * later keyframe would save decoding.
 */
export function stretchEnd(index: FrameIndex, wanted: readonly number[], start: number): number {
  let end = start + 1
  for (; end < wanted.length; end += 1) {
    const before = wanted[end - 1] as number
    const next = wanted[end] as number
    if (next < before) break
    if (index.order !== 'timestamps') continue
    const keyframe = index.keyframeFor(next)
    if (keyframe && keyframe.at > index.decodeAt(before) + 1) break
  }
  return end
}

/** Number of packets to decode for these frames, if none is damaged. */
export function packetsFor(index: FrameIndex, wanted: readonly number[]): number {
  let packets = 0
  for (let at = 0; at < wanted.length; ) {
    const end = stretchEnd(index, wanted, at)
    const keyframe = index.order === 'timestamps' ? index.keyframeFor(wanted[at] as number) : null
    let last = 0
    for (; at < end; at += 1) last = Math.max(last, index.decodeAt(wanted[at] as number))
    packets += last + 1 - (keyframe?.at ?? 0)
  }
  return packets
}
