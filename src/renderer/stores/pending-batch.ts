import { create } from 'zustand'
import type { TarsierError } from '../../shared/errors.ts'
import type { GivenFile } from '../lib/given-file.ts'

/** Files that were dropped together, until the user confirms or cancels the batch. */
export interface PendingBatch {
  readonly files: readonly GivenFile[]
  /** Handles of the files that have been transferred. */
  readonly clips: readonly string[]
  readonly refused: readonly { readonly name: string; readonly error: TarsierError }[]
  /** True while files are being transferred. */
  readonly sending: boolean
  /** Why the batch could not be started. */
  readonly problem: TarsierError | null
}

interface PendingState {
  readonly pending: PendingBatch | null
  readonly set: (pending: PendingBatch | null) => void
}

export const usePendingBatch = create<PendingState>((set) => ({
  pending: null,
  set: (pending) => set({ pending }),
}))
