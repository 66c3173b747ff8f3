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

/** As the service last said, and what it has not answered to yet. */
let confirmed: SettingsView | null = null
let pending: readonly Partial<Settings>[] = []
let calls: Promise<unknown> = Promise.resolve()

/** One call after another, so that what is said last is the newest. */
async function inTurn(call: () => Promise<SettingsView>): Promise<void> {
  const before = calls
  const answered = (async () => {
    await before
    confirmed = await call()
  })()
  calls = answered.catch(() => {}) // told to whoever asked
  await answered
}

export const useSettings = create<SettingsState>((set) => {
  const show = () => set({ view: confirmed && { ...confirmed, values: Object.assign({}, confirmed.values, ...pending) } })
  return {
    view: null,
    load: async () => {
      await inTurn(() => service.settings.get())
      show()
    },
    set: async (changes) => {
      pending = [...pending, changes]
      show()
      try {
        await inTurn(() => service.settings.set(changes))
      } catch (error) {
        useProblem.getState().report(error)
      }
      pending = pending.filter((others) => others !== changes)
      show()
    },
    reset: async (names) => {
      try {
        await inTurn(() => service.settings.reset(names ? { names } : {}))
        show()
      } catch (error) {
        useProblem.getState().report(error)
      }
    },
  }
})

export function settingsNow(): Settings {
  return useSettings.getState().view?.values ?? defaultSettings
}
