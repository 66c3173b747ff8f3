import { z } from 'zod'
import { frameRequestSchema } from '../frame-request.ts'
import { options } from '../options.ts'

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

/** How a question is put. What is absent is as the settings have it, and what they leave open is the model's own choice. */
export const askSettingsSchema = z
  .object({
    model: options.model.exactOptional(),
    device: options.device.exactOptional(),
    /** Which frames of the clip. Other frames than before make the clip be looked at anew. */
    frames: frameRequestSchema.exactOptional(),
    maxPixels: options.maxPixels.exactOptional(),
    sampling: samplingOverridesSchema.exactOptional(),
  })
  .strict()
export type AskSettings = z.infer<typeof askSettingsSchema>

/** A question as a person types it. */
export const questionSchema = options.prompt
