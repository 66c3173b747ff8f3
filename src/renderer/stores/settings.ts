import { create } from 'zustand'
import { defaultSettings, type Settings, type SettingsView } from '../../shared/contract/settings.ts'
import { service } from '../transport.ts'
import { useProblem } from './problem.ts'

interface SettingsState {
  /** Null until the service has said them. */
  readonly view: SettingsView | null
  readonly load: () => Promise<void>
  /** Shown at once, kept by the service; what it refuses is as before again. */
  readonly set: (changes: Partial<Settings>) => Promise<void>
  readonly reset: (names?: (keyof Settings)[]) => Promise<void>
}

export const useSettings = create<SettingsState>((set, get) => ({
  view: null,
  load: async () => set({ view: await service.settings.get() }),
  set: async (changes) => {
    const before = get().view
    if (before) set({ view: { ...before, values: { ...before.values, ...changes } } })
    try {
      set({ view: await service.settings.set(changes) })
    } catch (error) {
      set({ view: before })
      useProblem.getState().tell(error)
    }
  },
  reset: async (names) => {
    try {
      set({ view: await service.settings.reset(names ? { names } : {}) })
    } catch (error) {
      useProblem.getState().tell(error)
    }
  },
}))

export function settingsNow(): Settings {
  return useSettings.getState().view?.values ?? defaultSettings
}
