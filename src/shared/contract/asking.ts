import { z } from 'zod'
import { deviceChoiceSchema } from '../devices.ts'
import { frameRequestSchema } from '../frame-request.ts'
import { samplingSchema } from '../sampling.ts'

const samplingFields = samplingSchema.shape
/** How words are drawn, each part of it said or not. */
const samplingOverridesSchema = z
  .object({
    maxTokens: samplingFields.maxTokens.unwrap().exactOptional(),
    temperature: samplingFields.temperature.unwrap().exactOptional(),
    topP: samplingFields.topP.unwrap().exactOptional(),
    topK: samplingFields.topK.unwrap().exactOptional(),
    repeatPenalty: samplingFields.repeatPenalty.unwrap().exactOptional(),
    seed: samplingFields.seed.unwrap().exactOptional(),
    stop: samplingFields.stop.unwrap().exactOptional(),
  })
  .strict()

/** How a question is put. What is absent is as the settings have it, and what they leave open is the model's own choice. */
export const askSettingsSchema = z
  .object({
    model: z.string().min(1).max(200).exactOptional(),
    device: deviceChoiceSchema.exactOptional(),
    /** Which frames of the clip. Other frames than before make the clip be looked at anew. */
    frames: frameRequestSchema.exactOptional(),
    /** Further limit on the pixels of one frame. */
    maxPixels: z.int().min(1).max(1e9).exactOptional(),
    sampling: samplingOverridesSchema.exactOptional(),
  })
  .strict()
export type AskSettings = z.infer<typeof askSettingsSchema>

/** A question as a person types it. */
export const questionSchema = z.string().trim().min(1).max(100_000)
