import { defaultSettings, type SettingsView, settingsSchema } from '../shared/contract/settings.ts'
import { implementer } from './procedures.ts'
import type { Service } from './service.ts'

const area = implementer.settings

export const settingsArea = {
  get: area.get.handler(({ context: { service } }) => view(service)),
  set: area.set.handler(async ({ input, context: { service } }) => {
    service.library.settings.set(input)
    if (input.loadInAdvance !== undefined) await service.advanceLoading.begin()
    return view(service)
  }),
  addPrompt: area.addPrompt.handler(({ input, context: { service } }) => {
    service.library.settings.addPrompt(input)
    return view(service)
  }),
  removePrompt: area.removePrompt.handler(({ input, context: { service } }) => {
    service.library.settings.removePrompt(input)
    return view(service)
  }),
  reset: area.reset.handler(async ({ input, context: { service } }) => {
    const names = input.names ?? settingsSchema.keyof().options
    service.library.settings.reset(names)
    if (names.includes('loadInAdvance')) await service.advanceLoading.begin()
    return view(service)
  }),
}

function view(service: Service): SettingsView {
  return { values: service.library.settings.get(), defaults: defaultSettings }
}
