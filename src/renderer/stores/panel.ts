import { create } from 'zustand'

export const panelTabs = ['conversation', 'events', 'frames', 'check'] as const
export type PanelTab = (typeof panelTabs)[number]

interface PanelState {
  readonly tab: PanelTab
  /** Whether the settings are open. */
  readonly settings: boolean
  readonly show: (tab: PanelTab) => void
  readonly showSettings: (settings: boolean) => void
}

/** The selected tab beside the clip, and the settings. */
export const usePanel = create<PanelState>((set) => ({
  tab: 'conversation',
  settings: false,
  show: (tab) => set({ tab }),
  showSettings: (settings) => set({ settings }),
}))
