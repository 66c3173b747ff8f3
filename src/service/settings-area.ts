import { defaultSettings, type SettingsView, settingsSchema } from '../shared/contract/settings.ts'
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
  return { values: service.library.settings.get(), defaults: defaultSettings }
}
