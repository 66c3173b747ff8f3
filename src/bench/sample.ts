import type { ClipRange } from '../shared/frame-request.ts'

/** Metric by which the answers of a data set are scored. */
export type Metric = 'autodq' | 'cider' | 'multi-choice' | 'open-ended' | 'check'

/**
 * Frames of a clip that an annotation selects, in the forms that upstream's readers support. Defaults to the run's own choice from the whole clip.
 */
export type FrameChoice =
  /** A single image, not a video. */
  | { readonly kind: 'picture' }
  | { readonly kind: 'range'; readonly range: ClipRange }
  /** Frame numbers; those beyond the end are dropped, as upstream does. */
  | { readonly kind: 'indices'; readonly indices: readonly number[] }
  | { readonly kind: 'times'; readonly times: readonly number[] }
  /** Frames per second over the whole clip; if that exceeds the maximum number of frames, the run's own choice of the maximum number. */
  | { readonly kind: 'rate'; readonly rate: number; readonly range?: ClipRange | undefined }
  /** The run's number of frames, but at least `count`. */
  | { readonly kind: 'least'; readonly count: number; readonly range?: ClipRange | undefined }

/** A video or an image of a sample. */
export interface SampleClip {
  /**
   * Annotated path, or `<placeholder>` until `bench prepare` or `--videos` finds the file by the sample's vid; a list of paths if the video is
   * annotated as images.
   */
  readonly file: string | readonly string[]
  readonly frames?: FrameChoice | undefined
}

/** A text or clip of the user's message, in order. */
export type SamplePart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: SampleClip }

/** One task of a data set: what is shown, what is asked, and the correct answer. Both annotation formats are converted to this type. */
export interface Sample {
  /** `dataset-idx`, upstream's key of a prediction; unique in a run. */
  readonly key: string
  /** Annotated data set: `NAME` or `NAME/sub task`. */
  readonly dataset: string
  /** Annotated task, such as `video/caption`; empty if there is none. */
  readonly task: string
  readonly idx: number | string
  readonly vid: number | string | null
  /** The user's message: usually one clip followed by text. */
  readonly content: readonly SamplePart[]
  /** All text of the message, without role labels and placeholders. */
  readonly prompt: string
  /** Text the answer begins with and the model continues (` Answer: (`), or empty. */
  readonly answerPrefix: string
  /** The correct answer; several for captions. */
  readonly reference: string | readonly string[]
  /** The bare question, if the prompt adds instructions to it. */
  readonly question: string | null
  /** Annotated extra information: events, subjects, shots, durations, domains. */
  readonly extraInfo: Readonly<Record<string, unknown>>
}

/** Returns the clips of a sample, in order. */
export function clipsOf({ content }: Pick<Sample, 'content'>): SampleClip[] {
  return content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
}

/** Returns the parts of a message with one clip followed by text. */
export function clipThenText(file: SampleClip['file'], text: string, frames?: FrameChoice): SamplePart[] {
  return [
    { kind: 'clip', clip: { file, ...(frames && { frames }) } },
    { kind: 'text', text },
  ]
}
