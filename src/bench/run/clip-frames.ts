import { roundHalfToEven } from '../../engine/media/sampling.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { type ClipRange, type FrameRequest, MAX_FRAMES, type SamplerName } from '../../shared/frame-request.ts'
import type { MediaMetadata } from '../../shared/media-metadata.ts'
import type { SampleClip } from '../sample.ts'

/** The run's default choice of frames, over all clips of a sample. */
export interface WantedFrames {
  readonly kind: SamplerName
  readonly count: number
}

/**
 * Returns the number of frames for each clip of a sample, distributed as upstream does: images, frame numbers and times count as given; the other
 * clips are assigned frames in turn until the wanted number is reached, and lose frames in turn if there are more than the model accepts.
 */
export function sharedCounts(clips: readonly SampleClip[], wanted: number): number[] {
  const counts = clips.map(givenCount)
  const flexible = clips.flatMap(({ frames }, i) => (frames === undefined || ['range', 'rate', 'least'].includes(frames.kind) ? [i] : []))
  let total = counts.reduce((sum, count) => sum + count, 0)
  while (flexible.length > 0 && total < wanted) {
    for (const i of flexible) {
      if (total < wanted) counts[i] = (counts[i] ?? 0) + 1
      total++
    }
  }
  while (flexible.length > 0 && total > MAX_FRAMES) {
    for (const i of flexible) {
      if (total > MAX_FRAMES) counts[i] = (counts[i] ?? 0) - 1
      total--
    }
  }
  return counts
}

function givenCount({ frames }: SampleClip): number {
  switch (frames?.kind) {
    case undefined:
    case 'range':
      return 0
    case 'picture':
      return 1
    case 'indices':
      return frames.indices.length
    case 'times':
      return frames.times.length
    case 'rate':
      return MAX_FRAMES
    case 'least':
      return frames.count
    default:
      return assertNever(frames, 'choice of frames')
  }
}

/**
 * Returns the frame request for one clip.
 *
 * @param count number of frames from {@link sharedCounts}
 * @param metadata inspects the clip; called if frames are selected by its rate or validated against its length
 */
export async function frameRequest(
  { frames }: SampleClip,
  kind: SamplerName,
  count: number,
  metadata: () => Promise<Pick<MediaMetadata, 'frameCount' | 'rate'>>,
): Promise<FrameRequest> {
  const sampled = (range?: ClipRange): FrameRequest => {
    if (count < 1) throw unusable('There are fewer frames than clips in this sample. Use more frames.')
    return { kind, count, ...(range && { range }) }
  }
  switch (frames?.kind) {
    case undefined:
      return sampled()
    case 'picture':
      return { kind: 'indices', indices: [0] }
    case 'range':
    case 'least':
      return sampled(frames.range)
    case 'indices':
      return numbered(frames.indices, (await metadata()).frameCount)
    case 'times': {
      const { frameCount, rate } = await metadata()
      const indices = frames.times.map((time) => roundHalfToEven(time * rate))
      return numbered(indices, frameCount)
    }
    case 'rate': {
      const { frameCount, rate } = await metadata()
      const step = roundHalfToEven(rate / frames.rate)
      if (step < 1) throw unusable(`The clip has ${rate} frames per second, fewer than the ${frames.rate} that the annotation requires.`)
      const length = Math.ceil(frameCount / step)
      return length > count ? sampled(frames.range) : { kind: 'indices', indices: Array.from({ length }, (_, i) => i * step) }
    }
    default:
      return assertNever(frames, 'choice of frames')
  }
}

/** Accepts a last number that is one above that of the last frame, as upstream does, and drops all other numbers out of range. */
function numbered(indices: readonly number[], frameCount: number): FrameRequest {
  const last = indices.length - 1
  const there = indices
    .map((index, i) => (i === last && index === frameCount ? frameCount - 1 : index))
    .filter((index) => index >= 0 && index < frameCount)
  if (there.length === 0) throw unusable(`The clip has ${frameCount} frames, but none of the frames in the annotation.`)
  return { kind: 'indices', indices: there }
}

function unusable(sentence: string): TarsierError {
  return new TarsierError('invalid-range', sentence)
}
