import type { ShapedCaption } from '../../shared/shaping/caption-shape.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { RunSettings } from './run-settings.ts'

/** A model's answer to one sample. */
export interface Answered {
  /** The answer without its given beginning. */
  readonly text: string
  /** The text in the shape that was wanted; absent if none was. */
  readonly shaped?: ShapedCaption
  /** Finish reason, as reported by the engine or the server. */
  readonly finish: string
  readonly used: Used
}

/** A model to be measured. */
export interface ModelUnderTest extends AsyncDisposable {
  /** Settings that determine its answers; a run can only be resumed with the same settings. */
  readonly settings: RunSettings
  /**
   * Answers one sample about its clips, given their locations. Throws an error that `isRunFailure` recognizes if no other sample would succeed
   * either; any other error is the failure of this sample.
   */
  answer(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answered>
}
