import type { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { SheetPiece } from '../media/pieces/contact-sheet.ts'
import type { CutMode, TimeRange } from '../media/pieces/piece-plan.ts'
import type { PiecePlan } from '../media/pieces/write-pieces.ts'
import type { SegmentEvent, SegmentSearch } from '../media/segments.ts'
import type { MediaInfo, PlanOptions, SamplingPlan } from '../media/types.ts'
import type { EncodedFrame, PicturesRequest } from '../pictures.ts'
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

  /** Starts the process, so that the first clip need not wait for it. */
  start(): void {
    this.#calls.start()
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

  /** A JPEG thumbnail with a longer side of at most 320 pixels; see `thumbnailOf`. */
  thumbnail(path: string, time: number | null, signal: AbortSignal): Promise<Uint8Array> {
    return this.#calls.ask({ kind: 'thumbnail', path, time }, signal)
  }

  /** See `framePictures`. */
  async *pictures(
    request: PicturesRequest,
    manifest: ModelManifest | null,
    signal: AbortSignal,
    onNotice: (text: string) => void = () => {},
  ): AsyncGenerator<EncodedFrame, void> {
    for await (const event of this.#calls.events({ kind: 'pictures', request, manifest }, signal))
      if (event.kind === 'picture') yield event.picture
      else if (event.kind === 'notice') onNotice(event.text)
  }

  /** Writes a preview of the clip to `target`; yields the progress from 0 to 1. */
  async *preview(path: string, target: string, signal: AbortSignal): AsyncGenerator<number, void> {
    for await (const event of this.#calls.events({ kind: 'preview', path, target }, signal))
      if (event.kind === 'progress') yield event.value
  }

  /** See `findSegments`. */
  async *segments(path: string, search: SegmentSearch, signal: AbortSignal): AsyncGenerator<SegmentEvent, void> {
    for await (const event of this.#calls.events({ kind: 'segments', path, search }, signal))
      if (event.kind === 'segments') yield event.event
  }

  /** See `planPieces`. */
  planPieces(path: string, ranges: readonly TimeRange[], mode: CutMode, signal: AbortSignal): Promise<readonly PiecePlan[]> {
    return this.#calls.ask({ kind: 'plan-pieces', path, ranges, mode }, signal)
  }

  /** See `writePiece`; yields the progress from 0 to 1. */
  async *writePiece(path: string, plan: PiecePlan, target: string, signal: AbortSignal): AsyncGenerator<number, void> {
    for await (const event of this.#calls.events({ kind: 'write-piece', path, plan, target }, signal))
      if (event.kind === 'progress') yield event.value
  }

  /** See `pieceMatches`. */
  pieceMatches(path: string, plan: PiecePlan, target: string, signal: AbortSignal): Promise<boolean> {
    return this.#calls.ask({ kind: 'check-piece', path, plan, target }, signal)
  }

  /** See `writeContactSheet`. */
  contactSheet(pieces: readonly SheetPiece[], target: string, signal: AbortSignal): Promise<void> {
    return this.#calls.ask({ kind: 'contact-sheet', pieces, target }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls[Symbol.asyncDispose]()
  }
}
