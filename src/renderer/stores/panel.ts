import { create } from 'zustand'

interface PanelState {
  readonly tab: 'frames' | 'settings'
  readonly show: (tab: PanelState['tab']) => void
}

/** The selected tab of the clip panel. */
export const usePanel = create<PanelState>((set) => ({ tab: 'frames', show: (tab) => set({ tab }) }))
