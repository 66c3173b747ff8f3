import { z } from 'zod'
import type { ClipRange } from '../shared/frame-request.ts'
import type { UpstreamVersion } from './prediction.ts'
import type { Sample } from './sample.ts'

/** A line of annotations as it is understood. */
export interface Annotation {
  readonly sample: Sample
  /** Whether there is a reference; without one the sample's is empty, and no answer to it can be scored. */
  readonly referenced: boolean
  /** What a model said, where the line is of the Python program's predictions; `<error>` where it failed. */
  readonly answer: string | null
  /** Shape of the line, which is the version of the program that reads and writes it. */
  readonly version: UpstreamVersion
}

/** What a line is read as: where there is no reference, the assistant's last text is the beginning of an answer, or the answer. */
export type LineRole = 'annotation' | 'prediction'

/** What both shapes have. */
export const commonFields = {
  idx: z.union([z.number(), z.string()], 'a number or a text is wanted'),
  dataset: z.string().min(1),
  task: z.string().nullish(),
  vid: z.union([z.number(), z.string()], 'a number or a text is wanted').nullish(),
  extra_info: z.record(z.string(), z.unknown()).nullish(),
}

export const referenceSchema = z.union(
  [z.string(), z.number().transform(String), z.array(z.string())],
  'a text, a number or a list of texts is wanted',
)

const pathSchema = z.string('a path is wanted').min(1)
/** A file, or the pictures that are the frames of a video. */
export const videoFileSchema = z.union([pathSchema, z.array(pathSchema).min(1)], 'a path or a list of paths is wanted')
export const pictureFileSchema = pathSchema
export const secondsSchema = z.number().nullish()

/** What both shapes say alike, as a sample has it. */
export function commonOf(
  line: z.infer<z.ZodObject<typeof commonFields>>,
): Pick<Sample, 'key' | 'dataset' | 'task' | 'idx' | 'vid' | 'extraInfo'> {
  const { dataset, idx } = line
  return { key: `${dataset}-${idx}`, dataset, task: line.task ?? '', idx, vid: line.vid ?? null, extraInfo: line.extra_info ?? {} }
}

/** The range of seconds, by upstream's rule. What is absent or not above 0 is the clip's own start or end. */
export function secondsRange(start: number | null | undefined, end: number | null | undefined): ClipRange | null {
  const range = { ...(start && start > 0 && { start }), ...(end && end > 0 && { end }) }
  return Object.keys(range).length > 0 ? { unit: 'seconds', rule: 'average-rate', ...range } : null
}
