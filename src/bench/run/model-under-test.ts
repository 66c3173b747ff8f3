import type { ClipFile } from '../locate-videos.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import type { RunSettings } from './run-settings.ts'

/** What a model said to one sample. */
export interface Answered {
  /** Without the text that the answer was begun with. */
  readonly text: string
  /** Why it ended, in the engine's or the server's word. */
  readonly finish: string
  readonly used: Used
}

/** A model that is measured. */
export interface ModelUnderTest extends AsyncDisposable {
  /** What decides its answers; a run goes on only with the same. */
  readonly settings: RunSettings
  /**
   * Answers one sample about its clips, each where it lies. Throws what `isRunFailure` knows where no further sample would fare better;
   * anything else is this sample's own failure.
   */
  answer(sample: Sample, files: readonly ClipFile[], signal: AbortSignal): Promise<Answered>
}
