import { z } from 'zod'
import type { ClipRange } from '../shared/frame-request.ts'
import type { UpstreamVersion } from './prediction.ts'
import type { Sample } from './sample.ts'

/** A parsed line of annotations. */
export interface Annotation {
  readonly sample: Sample
  /** Whether the line has a reference; see {@link isReference}. Without one, answers to it cannot be scored. */
  readonly referenced: boolean
  /** The model's answer, if the line comes from the Python program's predictions; `<error>` if it failed. */
  readonly answer: string | null
  /** Format of the line: the version of the Python program that reads and writes it. */
  readonly version: UpstreamVersion
}

/** How to read a line without a reference: the assistant's last text is either the beginning of an answer, or the answer. */
export type LineRole = 'annotation' | 'prediction'

/** Fields that both formats share. */
export const commonFields = {
  idx: z.union([z.number(), z.string()], 'must be a number or a string'),
  dataset: z.string().min(1),
  task: z.string().nullish(),
  vid: z.union([z.number(), z.string()], 'must be a number or a string').nullish(),
  extra_info: z.record(z.string(), z.unknown()).nullish(),
}

/** A number, also as a string, since tables that were converted to JSON often contain strings alone. */
export const numberSchema = z.union(
  [
    z.number(),
    z
      .string()
      .trim()
      .regex(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i)
      .transform(Number),
  ],
  'must be a number',
)

const oneReferenceSchema = z.union([z.string(), z.number().transform(String)])
export const referenceSchema = z.union([oneReferenceSchema, z.array(oneReferenceSchema)], 'must be a string, a number or a list of strings')

/** Whether there is something to compare an answer with: upstream takes an empty text for none. */
export function isReference(reference: string | readonly string[] | null | undefined): boolean {
  return [reference ?? []].flat().some((text) => text.trim() !== '')
}

const pathSchema = z.string('must be a path').min(1)
/** A file, or a list of images that are the frames of a video. */
export const videoFileSchema = z.union([pathSchema, z.array(pathSchema).min(1)], 'must be a path or a list of paths')
export const pictureFileSchema = pathSchema
export const secondsSchema = numberSchema.nullish()

/** Converts the fields that both formats share to those of a sample. */
export function commonOf(
  line: z.infer<z.ZodObject<typeof commonFields>>,
): Pick<Sample, 'key' | 'dataset' | 'task' | 'idx' | 'vid' | 'extraInfo'> {
  const { dataset, idx } = line
  return { key: `${dataset}-${idx}`, dataset, task: line.task ?? '', idx, vid: line.vid ?? null, extraInfo: line.extra_info ?? {} }
}

/** Returns the range in seconds, by upstream's rule: a bound that is absent or not above 0 is the clip's own start or end. */
export function secondsRange(start: number | null | undefined, end: number | null | undefined): ClipRange | null {
  const range = { ...(start && start > 0 && { start }), ...(end && end > 0 && { end }) }
  return Object.keys(range).length > 0 ? { unit: 'seconds', rule: 'average-rate', ...range } : null
}
