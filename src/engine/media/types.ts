import type { FrameRequest } from '../../shared/frame-request.ts'
import type { MediaMetadata } from '../../shared/media-metadata.ts'

/** 8-bit RGB, row-major, three bytes per pixel, no padding: `rgb.length === width * height * 3`. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** An upright frame of a clip. `index` is its position in presentation order, `time` seconds from the first frame. */
export interface Frame extends RgbImage {
  readonly index: number
  readonly time: number
}

export interface MediaInfo extends MediaMetadata {
  readonly path: string
  readonly pixelFormat: string
  /** Timecode of the first frame as the file states it, such as 01:00:00:00 (01:00:00;00 if drop-frame); null if it states none. */
  readonly startTimecode: string | null
}

/** The frames to read, in ascending order or as requested; duplicates only if requested. */
export interface ChosenFrames {
  readonly indices: readonly number[]
  /** Seconds from the first frame, by the stream's timestamps. */
  readonly times: readonly number[]
  /** Sentences for the user, such as that a clip has fewer frames than requested. */
  readonly notices: readonly string[]
}

/** Frames that a request chooses. */
export interface PlannedFrames extends ChosenFrames {
  /** Frames per second of the clip, on average; 0 for an image. */
  readonly rate: number
}

export interface SamplingPlan extends PlannedFrames {
  /** Pixels that have to be decoded, including frames in between. */
  readonly pixels: number
}

/** Options of the model for the choice of frames. */
export interface PlanOptions {
  /** Whether the uniform rule repeats frames of a clip with too few. Defaults to false. */
  readonly repeats?: boolean | undefined
  /** Whether the uniform rule rounds the distance of two frames before it multiplies it. Defaults to false. */
  readonly roundedStep?: boolean | undefined
  /** Number of which a count of several frames is a multiple. Defaults to 1. */
  readonly multipleOf?: number | undefined
  /** Maximum number of frames per second, for a count of several. Defaults to no limit. */
  readonly perSecond?: number | undefined
}

/** An open file. Closing it twice is allowed; using it afterwards throws. */
export interface Clip extends AsyncDisposable {
  readonly info: MediaInfo
  /** Throws `invalid-range` for ranges without frames. */
  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan
  /**
   * The frames of a plan, upright and in plan order, with only a few in memory. Undecodable frames are left
   * out and reported to `onNotice`; throws `no-frames` if none could be decoded.
   */
  frames(plan: ChosenFrames, signal: AbortSignal, onNotice?: (text: string) => void): AsyncIterable<Frame>
  /** SHA-256 of the file, or of the hashes of a folder's pictures, hex. */
  contentHash(signal: AbortSignal): Promise<string>
  close(): Promise<void>
}
