import type { FrameRequest } from '../../shared/frame-request.ts'
import type { MediaMetadata } from '../../shared/media-metadata.ts'

/** 8-bit RGB, row by row, three bytes a pixel, no padding: `rgb.length === width * height * 3`. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** One upright picture of a clip. `index` is its position in presentation order (decord's), `time` seconds from the first frame. */
export interface Frame extends RgbImage {
  readonly index: number
  readonly time: number
}

export interface MediaInfo extends MediaMetadata {
  readonly path: string
  readonly pixelFormat: string
}

/** The frames that will be read, in order, indices ascending or as asked; duplicates allowed where they were asked for. */
export interface ChosenFrames {
  readonly indices: readonly number[]
  /** Seconds from the first frame, by the stream's own timestamps. */
  readonly times: readonly number[]
  /** Sentences the user should read, e.g. that a clip has fewer frames than were asked for. */
  readonly notices: readonly string[]
}

export interface SamplingPlan extends ChosenFrames {
  /** Pixels that go through the decoder for them: those of the frames in between are among them. */
  readonly pixels: number
}

/** What a model has to say about the choice of frames. */
export interface PlanOptions {
  /** Whether a clip with fewer frames than the uniform rule shall give has some taken more than once. Defaults to false. */
  readonly repeats?: boolean | undefined
}

/** An opened file. Closing it twice is fine; using it after that throws. */
export interface Clip extends AsyncDisposable {
  readonly info: MediaInfo
  /** Throws `invalid-range` for ranges that hold no frame. */
  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan
  /**
   * The plan's frames, upright, in plan order, a few in memory at a time. Frames that cannot be decoded are left
   * out and told by `onNotice`; throws `no-frames` when none at all could be.
   */
  frames(plan: ChosenFrames, signal: AbortSignal, onNotice?: (text: string) => void): AsyncIterable<Frame>
  /** sha256 of the file's bytes, hex. */
  contentHash(signal: AbortSignal): Promise<string>
  close(): Promise<void>
}
