import { type } from '@orpc/contract'
import { z } from 'zod'
import { options } from '../options.ts'
import { procedure } from './base.ts'

const presetSchema = z.object({ name: z.string().trim().min(1).max(100), text: z.string().trim().min(1).max(100_000) }).strict()

/** What holds wherever a question does not say otherwise. Null leaves it to the model. */
export const settingsSchema = z
  .object({
    model: options.model,
    device: options.device,
    frames: options.frames.nullable(),
    sampler: options.sampler.nullable(),
    maxPixels: options.maxPixels.nullable(),
    maxTokens: options.maxTokens.nullable(),
    temperature: options.temperature.nullable(),
    topP: options.topP.nullable(),
    /** The person's own prompts; those of the papers are {@link SettingsView.presets}. */
    prompts: z.array(presetSchema).max(200),
    cache: options.cache,
  })
  .strict()
export type Settings = z.infer<typeof settingsSchema>
export type Preset = z.infer<typeof presetSchema>

export const defaultSettings: Settings = {
  model: 'demo',
  device: 'auto',
  frames: null,
  sampler: null,
  maxPixels: null,
  maxTokens: null,
  temperature: null,
  topP: null,
  prompts: [],
  cache: true,
}

export interface SettingsView {
  readonly values: Settings
  readonly defaults: Settings
  /** Prompts that come with the app: the instructions of Tarsier's papers. */
  readonly presets: readonly Preset[]
}

export const settingsContract = {
  get: procedure.output(type<SettingsView>()),
  /** Changes what is named, and nothing else. */
  set: procedure.input(settingsSchema.partial()).output(type<SettingsView>()),
  /** The named settings (all of them where none is) as they came. */
  reset: procedure.input(z.object({ names: z.array(settingsSchema.keyof()).max(50).optional() })).output(type<SettingsView>()),
}
