import { create } from 'zustand'
import type { UpdateState } from '../../shared/updates.ts'

/** State of the app's updates; null in a browser, and until the shell has said it. */
export const useUpdates = create<{ readonly state: UpdateState | null }>(() => ({ state: null }))

/** Follows the shell's state. Does nothing in a browser. */
export function followUpdates(): void {
  window.tarsier?.onUpdates((state) => useUpdates.setState({ state }))
}
