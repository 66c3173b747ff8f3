import { create } from 'zustand'
import { defaultSettings, type Settings, type SettingsView } from '../../shared/contract/settings.ts'
import { service } from '../transport.ts'
import { useProblem } from './problem.ts'

interface SettingsState {
  /** Null until the service has sent the settings. */
  readonly view: SettingsView | null
  readonly load: () => Promise<void>
  /** Shows changes immediately and sends them to the service. Rejected changes are reverted. */
  readonly set: (changes: Partial<Settings>) => Promise<void>
  readonly reset: (names?: (keyof Settings)[]) => Promise<void>
}

/** The last state from the service, and changes that it has not confirmed yet. */
let confirmed: SettingsView | null = null
let pending: readonly Partial<Settings>[] = []
let calls: Promise<unknown> = Promise.resolve()

/** Runs calls one after another, so that the last response is the newest. */
async function inTurn(call: () => Promise<SettingsView>): Promise<void> {
  const before = calls
  const answered = (async () => {
    await before
    confirmed = await call()
  })()
  calls = answered.catch(() => {}) // the caller gets the error
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
