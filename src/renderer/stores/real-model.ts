import { create } from 'zustand'

interface RealModelState {
  /** Whether the page offers a model in place of the demo model. */
  readonly offered: boolean
  readonly offer: (offered: boolean) => void
}

export const useRealModel = create<RealModelState>((set) => ({ offered: false, offer: (offered) => set({ offered }) }))
