import type { ClipRange } from '../shared/frame-request.ts'

/** How the answers of a data set are scored. */
export type Metric = 'autodq' | 'cider' | 'multi-choice' | 'open-ended'

/** Which frames of a clip an annotation asks about, in the forms that upstream's readers know. Defaults to the run's own choice from the whole clip. */
export type FrameChoice =
  /** One picture, and no video. */
  | { readonly kind: 'picture' }
  | { readonly kind: 'range'; readonly range: ClipRange }
  /** Frame numbers; those beyond the end are left out, as upstream does. */
  | { readonly kind: 'indices'; readonly indices: readonly number[] }
  | { readonly kind: 'times'; readonly times: readonly number[] }
  /** So many frames a second of the whole clip; where these are too many, the run's own choice of the most there may be. */
  | { readonly kind: 'rate'; readonly rate: number; readonly range?: ClipRange | undefined }
  /** As many frames as the run takes, but not fewer than these. */
  | { readonly kind: 'least'; readonly count: number; readonly range?: ClipRange | undefined }

/** A video or a picture that is shown. */
export interface SampleClip {
  /** Path as annotated, or `<placeholder>` until `bench prepare` or `--videos` finds it by the sample's vid; of a video that is annotated as pictures, a path each. */
  readonly file: string | readonly string[]
  readonly frames?: FrameChoice | undefined
}

/** A piece of what the user says, in its place. */
export type SamplePart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: SampleClip }

/** One task of a data set: what is shown, what is asked, and what would be right. Both annotation shapes become this. */
export interface Sample {
  /** `dataset-idx`, upstream's key of a prediction; unique in a run. */
  readonly key: string
  /** As annotated: `NAME` or `NAME/sub task`. */
  readonly dataset: string
  /** As annotated, such as `video/caption`; empty where the annotation has none. */
  readonly task: string
  readonly idx: number | string
  readonly vid: number | string | null
  /** What the user says and shows: usually one clip and then words. */
  readonly content: readonly SamplePart[]
  /** All the words of it, without role words and placeholders. */
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

/** The clips of a sample, in order. */
export function clipsOf({ content }: Pick<Sample, 'content'>): SampleClip[] {
  return content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
}

/** One clip and words after it. */
export function clipThenText(file: SampleClip['file'], text: string, frames?: FrameChoice): SamplePart[] {
  return [
    { kind: 'clip', clip: { file, ...(frames && { frames }) } },
    { kind: 'text', text },
  ]
}
