import { defaultSettings, type Preset, type SettingsView, settingsSchema } from '../shared/contract/settings.ts'
import { implementer } from './procedures.ts'
import type { Service } from './service.ts'

const area = implementer.settings

export const settingsArea = {
  get: area.get.handler(({ context: { service } }) => view(service)),
  set: area.set.handler(({ input, context: { service } }) => {
    service.library.settings.set(input)
    return view(service)
  }),
  reset: area.reset.handler(({ input, context: { service } }) => {
    service.library.settings.reset(input.names ?? settingsSchema.keyof().options)
    return view(service)
  }),
}

function view(service: Service): SettingsView {
  return { values: service.library.settings.get(), defaults: defaultSettings, presets }
}

/** Preset questions, based on the prompts in Tarsier's papers. */
const presets: readonly Preset[] = [
  { name: 'Detailed description', text: 'Describe the video in detail.' },
  { name: 'One sentence', text: 'Describe the video in one sentence.' },
  { name: 'Events only', text: 'List the events of the video in the order in which they happen.' },
  { name: 'Frame by frame', text: 'Describe the video frame by frame.' },
  { name: 'Appearance and background', text: 'Describe how the people and things in the video look, and the background.' },
]
