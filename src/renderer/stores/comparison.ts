import { create } from 'zustand'

interface ComparisonState {
  /** Index of the turn in the open conversation whose answers are shown side by side; null if none. */
  readonly turn: number | null
  readonly show: (turn: number | null) => void
}

export const useComparison = create<ComparisonState>((set) => ({
  turn: null,
  show: (turn) => set({ turn }),
}))
