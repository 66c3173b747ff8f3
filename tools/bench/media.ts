import { openClip } from '../../src/engine/media/open-clip.ts'
import type { RgbImage } from '../../src/engine/media/types.ts'
import { benchClip, clipLengths, containers, GOP, HEIGHT, RATE, WIDTH } from './clips.ts'
import { median, milliseconds, takeTurns } from './measure.ts'
import { findMediaPeer } from './media-peers.ts'
import type { BenchOptions, Measured } from './section.ts'

const FRAMES = 16
/** Full decoding stops here, and the remaining time is extrapolated. */
const MAX_DECODED = 600 * RATE
/** Longer clips are decoded only once. */
const OFTEN_DECODED = 60 * RATE
/** Maximum mean difference of two frames that count as equal. */
const SAME = 2

/**
 * Measures sixteen frames spread over clips of several lengths: this project's reader, including opening, against one seek per frame and against
 * full decoding.
 */
export async function measureMedia(options: BenchOptions): Promise<Measured> {
  const peer = findMediaPeer()
  const data = []
  for (const length of options.clips) {
    for (const container of containers) {
      const path = await benchClip(options.cache, length, container)
      const { indices, images } = await ours(path)
      const frames = clipLengths[length] ?? 0
      const reached = indices.filter((index) => index < MAX_DECODED)
      const scale = frames > MAX_DECODED ? frames / ((reached.at(-1) ?? 0) + 1) : 1
      const figures = await takeTurns(
        {
          ours: { run: () => milliseconds(() => ours(path)) },
          seek: { run: () => milliseconds(() => peer.seek(path, indices)) },
          through: {
            run: async () => scale * (await milliseconds(() => peer.through(path, reached))),
            ...(frames > OFTEN_DECODED && { rounds: 1 }),
          },
        },
        options.rounds,
      )
      const same = sameFrames(images, await peer.seek(path, indices))
      data.push({ length, container, frames, throughReckoned: scale !== 1, same, ...figures })
    }
  }
  const rows = data.map(({ length, container, ours, seek, through, throughReckoned, same }) => {
    const own = median(ours)
    const against = (other: number, about = '') => `${about}${other.toFixed(0)} ms (${(other / own).toFixed(1)}×)`
    return [
      `${length} ${container}`,
      `${own.toFixed(0)} ms`,
      against(median(seek)),
      against(median(through), throughReckoned ? '≈ ' : ''),
      same ? 'yes' : 'NO',
    ]
  })
  return {
    columns: ['clip', 'ours', 'a seek each', 'decoding through', 'same frames'],
    rows,
    notes: [
      `${FRAMES} frames, first and last among them, as RGB; ${WIDTH}×${HEIGHT} H.264, a keyframe every ${GOP} frames, B-frames. Ours includes opening the file and reading its index.`,
      `The peer is ${peer.name}. In brackets: how many times as long as ours it takes.`,
      ...(data.some((row) => row.throughReckoned) ? [`Decoding through with ≈ is reckoned from the first ${MAX_DECODED} frames.`] : []),
    ],
    targets: [
      { what: 'every frame is the one the peer finds', met: data.every((row) => row.same) },
      { what: 'no slower than a seek for each frame', met: data.every((row) => median(row.ours) <= median(row.seek)) },
      { what: 'faster than decoding through', met: data.every((row) => median(row.ours) < median(row.through)) },
    ],
    data: { peer: peer.name, clips: data },
  }
}

async function ours(path: string): Promise<{ indices: readonly number[]; images: RgbImage[] }> {
  const signal = new AbortController().signal
  const clip = await openClip(path, signal)
  try {
    const plan = clip.plan({ kind: 'uniform', count: FRAMES })
    const images: RgbImage[] = []
    for await (const frame of clip.frames(plan, signal)) images.push(frame)
    return { indices: plan.indices, images }
  } finally {
    await clip.close()
  }
}

function sameFrames(some: readonly RgbImage[], others: readonly RgbImage[]): boolean {
  return some.length === others.length && some.every(({ rgb }, i) => meanDifference(rgb, others[i]?.rgb ?? new Uint8Array(0)) < SAME)
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0))
  return sum / a.length
}
