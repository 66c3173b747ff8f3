import { create } from 'zustand'
import { failureOf } from '../../shared/contract/failure.ts'
import { asTarsierError, isAbort, type TarsierError } from '../../shared/errors.ts'

interface ProblemState {
  /** The last error that no other part of the page shows. */
  readonly problem: TarsierError | null
  readonly report: (error: unknown) => void
  readonly dismiss: () => void
}

export const useProblem = create<ProblemState>((set) => ({
  problem: null,
  report: (error) => {
    const problem = problemOf(error)
    if (problem) set({ problem })
  },
  dismiss: () => set({ problem: null }),
}))

/** Converts a thrown value into an error to show; null for an abort, which was intended. */
export function problemOf(error: unknown): TarsierError | null {
  const failure = failureOf(error)
  return isAbort(failure) ? null : asTarsierError(failure)
}

/** Runs a user action and shows errors in the error banner. */
export function reportErrors(work: () => Promise<unknown>): void {
  work().catch(useProblem.getState().report)
}
