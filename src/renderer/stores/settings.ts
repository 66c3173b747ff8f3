import { create } from 'zustand'
import { defaultSettings, type Settings, type SettingsChanges, type SettingsView } from '../../shared/contract/settings.ts'
import type { Preset } from '../../shared/model-manifest.ts'
import { service } from '../transport.ts'
import { useProblem } from './problem.ts'

interface SettingsState {
  /** Null until the service has sent the settings. */
  readonly view: SettingsView | null
  readonly load: () => Promise<void>
  /** Shows changes immediately and sends them to the service. Rejected changes are reverted. Returns whether they are stored. */
  readonly set: (changes: SettingsChanges) => Promise<boolean>
  /** Adds a prompt to those that the service has, which may be more than the page knows. Returns whether it is stored. */
  readonly addPrompt: (prompt: Preset) => Promise<boolean>
  readonly removePrompt: (prompt: Preset) => Promise<boolean>
  readonly reset: (names?: (keyof Settings)[]) => Promise<void>
}

/** The last state from the service, and changes that it has not confirmed yet. */
let confirmed: SettingsView | null = null
let pending: readonly SettingsChanges[] = []
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
  /** Runs a call that changes settings. Reports its error. Returns whether it succeeded. */
  const change = async (call: () => Promise<SettingsView>): Promise<boolean> => {
    try {
      await inTurn(call)
      return true
    } catch (error) {
      useProblem.getState().report(error)
      return false
    }
  }
  /** As {@link change}, and shows what is stored then. */
  const changeAndShow = async (call: () => Promise<SettingsView>): Promise<boolean> => {
    const stored = await change(call)
    show()
    return stored
  }
  return {
    view: null,
    load: async () => {
      await inTurn(() => service.settings.get())
      show()
    },
    set: async (changes) => {
      pending = [...pending, changes]
      show()
      const stored = await change(() => service.settings.set(changes))
      pending = pending.filter((others) => others !== changes)
      show()
      return stored
    },
    addPrompt: (prompt) => changeAndShow(() => service.settings.addPrompt(prompt)),
    removePrompt: (prompt) => changeAndShow(() => service.settings.removePrompt(prompt)),
    reset: async (names) => {
      await changeAndShow(() => service.settings.reset(names ? { names } : {}))
    },
  }
})

export function settingsNow(): Settings {
  return useSettings.getState().view?.values ?? defaultSettings
}
