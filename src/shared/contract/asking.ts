import { z } from 'zod'
import { frameRequestSchema } from '../frame-request.ts'
import { options } from '../options.ts'
import { captionShapeSchema } from '../shaping/caption-shape.ts'

const samplingOverridesSchema = z
  .object({
    maxTokens: options.maxTokens.exactOptional(),
    temperature: options.temperature.exactOptional(),
    topP: options.topP.exactOptional(),
    topK: options.topK.unwrap().exactOptional(),
    repeatPenalty: options.repeatPenalty.unwrap().exactOptional(),
    seed: options.seed.exactOptional(),
    stop: options.stop.exactOptional(),
  })
  .strict()

/** Settings of a question. Missing fields come from the user's settings, and then from the model's defaults. */
export const askSettingsSchema = z
  .object({
    model: options.model.exactOptional(),
    device: options.device.exactOptional(),
    /** Frames to select. Changed frames make the clip be encoded again. */
    frames: frameRequestSchema.exactOptional(),
    maxPixels: options.maxPixels.exactOptional(),
    /** Empty for the chat template's default. */
    system: options.system.exactOptional(),
    sampling: samplingOverridesSchema.exactOptional(),
    /** Shape of the answer's text, kept beside the model's own; null for none. */
    shape: captionShapeSchema.nullable().exactOptional(),
  })
  .strict()
export type AskSettings = z.infer<typeof askSettingsSchema>

/** A question as typed by the user. */
export const questionSchema = options.prompt
