import type { ClipRange } from '../shared/frame-request.ts'

/** How the answers of a data set are scored. */
export type Metric = 'autodq' | 'cider' | 'multi-choice' | 'open-ended'

/** One task of a data set: what is shown, what is asked, and what would be right. Both annotation shapes become this. */
export interface Sample {
  /** `dataset-idx`, upstream's key of a prediction; unique in a run. */
  readonly key: string
  /** As annotated: `NAME` or `NAME/sub task`. */
  readonly dataset: string
  /** As annotated, such as `video/caption`; empty where the annotation has none. */
  readonly task: string
  readonly idx: number | string
  /** Path of the clip as annotated, or `<placeholder>` until `bench prepare` or `--videos` finds it by {@link Sample.vid}. */
  readonly videoFile: string
  readonly vid: number | string | null
  /** The part of the clip that is asked about, where the annotation names one; frames are taken from it alone. */
  readonly range?: ClipRange
  /** What the user says after the clip, without role words and placeholders. */
  readonly prompt: string
  /** Text the answer begins with and the model continues (` Answer: (`), or empty. */
  readonly begun: string
  /** The right answer; several for captions. */
  readonly reference: string | readonly string[]
  /** The bare question, where the prompt wraps it in instructions. */
  readonly question: string | null
  /** As annotated: events, subjects, shots, durations, domains. */
  readonly extraInfo: Readonly<Record<string, unknown>>
}
