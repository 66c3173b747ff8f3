import { create } from 'zustand'

interface PanelState {
  readonly tab: 'frames' | 'settings'
  readonly show: (tab: PanelState['tab']) => void
}

/** Which side of the clip's panel is up. */
export const usePanel = create<PanelState>((set) => ({ tab: 'frames', show: (tab) => set({ tab }) }))
