import { create } from 'zustand'
import type { TarsierError } from '../../shared/errors.ts'
import type { GivenFile } from '../lib/given-file.ts'

/** Files that were dropped together, before a person has said what is to become of them. */
export interface PendingBatch {
  readonly files: readonly GivenFile[]
  /** Handles of those that are handed over. */
  readonly clips: readonly string[]
  readonly refused: readonly { readonly name: string; readonly error: TarsierError }[]
  /** True while files are handed over. */
  readonly sending: boolean
}

interface PendingState {
  readonly pending: PendingBatch | null
  readonly set: (pending: PendingBatch | null) => void
}

export const usePendingBatch = create<PendingState>((set) => ({
  pending: null,
  set: (pending) => set({ pending }),
}))
