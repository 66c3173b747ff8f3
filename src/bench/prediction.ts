import { z } from 'zod'

/** What one answer was made with. Two runs can only be compared where these are equal. */
export const usedSchema = z.object({
  engine: z.enum(['tarsier', 'openai']),
  model: z.string(),
  /** sha256 of the model's files by name; of a server's model nothing is known. */
  files: z.record(z.string(), z.string()),
  /** The frames seen: number and seconds. */
  frames: z.array(z.object({ index: z.number(), time: z.number() })),
  /** Size of the pictures the model saw; null where a server did not say. */
  width: z.number().nullable(),
  height: z.number().nullable(),
  generation: z.object({ maxTokens: z.number(), temperature: z.number(), topP: z.number() }),
  /** Where vision and language ran. */
  device: z.string(),
  /** From the first read of the clip to the last word. */
  seconds: z.number(),
  /** Versions of this program and of its engines, by name. */
  versions: z.record(z.string(), z.string()),
})

const upstreamVersionSchema = z.literal([1, 2])
export type UpstreamVersion = z.infer<typeof upstreamVersionSchema>

/** One line of `predictions.jsonl`: a sample that was answered, or why it was not. */
export const predictionSchema = z.object({
  key: z.string(),
  dataset: z.string(),
  task: z.string(),
  idx: z.union([z.number(), z.string()]),
  vid: z.union([z.number(), z.string(), z.null()]),
  /** Path of the clip that was shown, of several the first; null where none was found, and where only words were asked. */
  video: z.string().nullable(),
  prompt: z.string(),
  begun: z.string(),
  question: z.string().nullable(),
  reference: z.union([z.string(), z.array(z.string())]),
  extraInfo: z.record(z.string(), z.unknown()),
  /** The model's answer without `begun`; null where the sample failed. */
  prediction: z.string().nullable(),
  finish: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Null where the sample failed, and for predictions of the Python program. */
  used: usedSchema.nullable(),
  /** Version of the Python program by whose rules the line is scored. Defaults to 2. */
  upstream: upstreamVersionSchema.optional(),
})

export type Used = z.infer<typeof usedSchema>
export type Prediction = z.infer<typeof predictionSchema>
