import { type } from '@orpc/contract'
import { z } from 'zod'
import { presetSchema } from '../model-manifest.ts'
import { options } from '../options.ts'
import { captionShapeSchema } from '../shaping/caption-shape.ts'
import { procedure } from './base.ts'

/** Maximum number of a user's own prompts. */
export const MAX_PROMPTS = 200

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
    system: options.system,
    /** The user's own prompts, each with its own name; a model has its own, see `InstalledModel.prompts`. */
    prompts: z.array(presetSchema).max(MAX_PROMPTS),
    /** Null for the model's own text alone. */
    shape: captionShapeSchema.nullable(),
    cache: options.cache,
    loadInAdvance: options.loadInAdvance,
    queue: options.queue,
  })
  .strict()
export type Settings = z.infer<typeof settingsSchema>

/** Changes of single settings. */
export type SettingsChanges = Partial<Omit<Settings, 'prompts'>>

export const defaultSettings: Settings = {
  model: 'demo',
  device: 'auto',
  frames: null,
  sampler: null,
  maxPixels: null,
  maxTokens: null,
  temperature: null,
  topP: null,
  system: '',
  prompts: [],
  shape: null,
  cache: true,
  loadInAdvance: true,
  queue: '',
}

export interface SettingsView {
  readonly values: Settings
  readonly defaults: Settings
}

export const settingsContract = {
  get: procedure.output(type<SettingsView>()),
  /** Changes what is named, and nothing else. Prompts are added and removed one by one: a page may not know all of them. */
  set: procedure.input(settingsSchema.omit({ prompts: true }).partial()).output(type<SettingsView>()),
  /** Adds a prompt. Throws `usage` if there is one with this name, or no room for another. */
  addPrompt: procedure.input(presetSchema).output(type<SettingsView>()),
  /** Removes a prompt, unless it has another text by now. */
  removePrompt: procedure.input(presetSchema).output(type<SettingsView>()),
  /** The named settings (all of them where none is) as they came. */
  reset: procedure.input(z.object({ names: z.array(settingsSchema.keyof()).max(50).optional() })).output(type<SettingsView>()),
}
