import { z } from 'zod'
import { answerPrefixForms } from '../bench/run/answer-prefix-form.ts'
import { clipForms } from '../bench/run/openai-clip.ts'
import { serverPictures } from '../servers/clip-form.ts'
import { queueTasks } from '../shared/contract/queue.ts'
import { frameOptions, samplerNames } from '../shared/frame-request.ts'
import { languagePrecisions, visionPrecisions } from '../shared/model-manifest.ts'
import { eventOptions } from '../shared/options.ts'
import { samplingSchema } from '../shared/sampling.ts'
import { captionShapeSchema } from '../shared/shaping/caption-shape.ts'

/** A model on the workers' machines. */
const importedModelSchema = z.object({
  name: z.string().min(1),
  /** sha256 of the files of the model, by name. */
  files: z.record(z.string(), z.string()),
  /** Where the model came from, for workers that do not have it; null if it was not imported from the hub. */
  source: z
    .object({
      repository: z.string(),
      revision: z.string().nullable(),
      language: z.enum(languagePrecisions),
      vision: z.enum(visionPrecisions),
    })
    .nullable(),
})
export type ImportedModel = z.infer<typeof importedModelSchema>

/**
 * The model of a job and what runs it: `tarsier` an imported model in the workers' own engines; `servers` an imported model on OpenAI-compatible
 * servers, which get the engine's frames; `openai` any model that servers offer under a name.
 */
const modelSchema = z.discriminatedUnion('engine', [
  importedModelSchema.extend({ engine: z.literal('tarsier') }),
  importedModelSchema.extend({ engine: z.literal('servers'), pictures: z.enum(serverPictures) }),
  z.object({ engine: z.literal('openai'), name: z.string().min(1), send: z.enum(clipForms), begun: z.enum(answerPrefixForms) }),
])
export type JobModel = z.infer<typeof modelSchema>

/** Everything that workers need to know to do the units of a job as one machine would. Stored with the job when it is submitted. */
export const jobRequestSchema = z.object({
  /** Format of this object and of the units. Workers refuse others. */
  format: z.literal(1),
  task: z.enum(queueTasks),
  model: modelSchema,
  frames: z.object({ count: frameOptions.frames, sampler: z.enum(samplerNames) }),
  maxPixels: frameOptions.maxPixels.nullable(),
  /** Question about each clip; null for the model's own. Units of lists and benchmarks have their own. */
  prompt: z.string().nullable(),
  system: z.string(),
  sampling: samplingSchema,
  /** Shape of descriptions; jobs of earlier versions have none. */
  shape: captionShapeSchema.nullable().default(null),
  /** Null for other tasks. */
  events: z
    .object({
      segment: eventOptions.segmentSeconds,
      scenes: z.boolean(),
      summary: z.boolean(),
      precision: eventOptions.precision,
    })
    .nullable(),
})
export type JobRequest = z.infer<typeof jobRequestSchema>
