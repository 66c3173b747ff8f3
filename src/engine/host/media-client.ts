import type { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { ShotEvent, ShotOptions } from '../media/shots.ts'
import type { MediaInfo, PlanOptions, SamplingPlan } from '../media/types.ts'
import type { JpegFrame, PicturesRequest } from '../pictures.ts'
import { HostCalls, type HostState } from './host-calls.ts'
import type { MediaCommand, MediaEvent } from './media-commands.ts'

/** Opens clips in a child process, which may crash. */
export class MediaClient implements AsyncDisposable {
  readonly #calls: HostCalls<MediaCommand, MediaEvent>

  constructor(onLost?: (error: TarsierError) => void) {
    this.#calls = new HostCalls('media-host', { name: 'The media process', onLost })
  }

  get state(): HostState {
    return this.#calls.state
  }

  /** Reads the metadata of a file. Throws as `openClip` does. */
  probe(path: string, signal: AbortSignal): Promise<MediaInfo> {
    return this.#calls.ask({ kind: 'probe', path }, signal)
  }

  /** Resolves a frame request to frames. Throws `invalid-range`, and as `openClip` does. */
  plan(path: string, frames: FrameRequest, options: PlanOptions, signal: AbortSignal): Promise<SamplingPlan> {
    return this.#calls.ask({ kind: 'plan', path, frames, options }, signal)
  }

  /** See `frameSteps`. */
  frameSteps(path: string, signal: AbortSignal): Promise<readonly number[]> {
    return this.#calls.ask({ kind: 'frame-steps', path }, signal)
  }

  /** A JPEG thumbnail with a longer side of at most 320 pixels. */
  thumbnail(path: string, signal: AbortSignal): Promise<Uint8Array> {
    return this.#calls.ask({ kind: 'thumbnail', path }, signal)
  }

  /** See `framePictures`. */
  async *pictures(request: PicturesRequest, manifest: ModelManifest | null, signal: AbortSignal): AsyncGenerator<JpegFrame, void> {
    for await (const event of this.#calls.events({ kind: 'pictures', request, manifest }, signal))
      if (event.kind === 'picture') yield event.picture
  }

  /** Writes a preview of the clip to `target`; yields the progress from 0 to 1. */
  async *preview(path: string, target: string, signal: AbortSignal): AsyncGenerator<number, void> {
    for await (const event of this.#calls.events({ kind: 'preview', path, target }, signal))
      if (event.kind === 'progress') yield event.value
  }

  /** See `findShots`. */
  async *shots(path: string, options: ShotOptions, signal: AbortSignal): AsyncGenerator<ShotEvent, void> {
    for await (const event of this.#calls.events({ kind: 'shots', path, options }, signal)) if (event.kind === 'shots') yield event.event
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]()
  }
}
