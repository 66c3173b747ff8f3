import { z } from 'zod'
import { shapedCaptionSchema } from '../shared/shaping/caption-shape.ts'

/** The model and inputs that produced an answer. Two runs are comparable only if these are equal. */
export const usedSchema = z.object({
  engine: z.enum(['tarsier', 'openai']),
  model: z.string(),
  /** sha256 of the model's files, by name; empty for a server's model. */
  files: z.record(z.string(), z.string()),
  /** The frames the model saw: index and time in seconds. */
  frames: z.array(z.object({ index: z.number(), time: z.number() })),
  /** Size of the frames the model saw; null if a server did not report it. */
  width: z.number().nullable(),
  height: z.number().nullable(),
  generation: z.object({ maxTokens: z.number(), temperature: z.number(), topP: z.number() }),
  /** Devices that ran vision and language. */
  device: z.string(),
  /** Seconds from the first read of the clip to the end of the answer. */
  seconds: z.number(),
  /** Versions of this program and of its engines, by name. */
  versions: z.record(z.string(), z.string()),
})

const upstreamVersionSchema = z.literal([1, 2])
export type UpstreamVersion = z.infer<typeof upstreamVersionSchema>

/** One line of `predictions.jsonl`: the answer to a sample, or the reason why there is none. */
export const predictionSchema = z.object({
  key: z.string(),
  dataset: z.string(),
  task: z.string(),
  idx: z.union([z.number(), z.string()]),
  vid: z.union([z.number(), z.string(), z.null()]),
  /** Path of the clip that was shown, the first if there were several; null if none was found, and for text-only questions. */
  video: z.string().nullable(),
  prompt: z.string(),
  begun: z.string(),
  question: z.string().nullable(),
  reference: z.union([z.string(), z.array(z.string())]),
  extraInfo: z.record(z.string(), z.unknown()),
  /** The model's answer without `begun`; null if the sample failed. */
  prediction: z.string().nullable(),
  /** The answer in the shape that was wanted; absent if none was. */
  shaped: shapedCaptionSchema.exactOptional(),
  finish: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Null if the sample failed, and for predictions of the Python program. */
  used: usedSchema.nullable(),
  /** Version of the Python program whose scoring rules apply to the line. Defaults to 2. */
  upstream: upstreamVersionSchema.optional(),
})

export type Used = z.infer<typeof usedSchema>
export type Prediction = z.infer<typeof predictionSchema>
