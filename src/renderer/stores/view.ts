import { create } from 'zustand'

export const views = ['clip', 'library', 'batches', 'models', 'benchmarks', 'help'] as const
export type View = (typeof views)[number]

interface ViewState {
  readonly view: View
  readonly shortcuts: boolean
  readonly show: (view: View) => void
  readonly showShortcuts: (open: boolean) => void
}

/** The current view of the window. */
export const useView = create<ViewState>((set) => ({
  view: 'clip',
  shortcuts: false,
  show: (view) => set({ view }),
  showShortcuts: (shortcuts) => set({ shortcuts }),
}))
