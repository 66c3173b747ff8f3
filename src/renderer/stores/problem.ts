import { create } from 'zustand'
import { failureOf } from '../../shared/contract/failure.ts'
import { asTarsierError, isAbort, type TarsierError } from '../../shared/errors.ts'

interface ProblemState {
  /** The last failure that has no place of its own on the page. */
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

/** What is to be said about something thrown; null for an abort, which somebody wanted. */
export function problemOf(error: unknown): TarsierError | null {
  const failure = failureOf(error)
  return isAbort(failure) ? null : asTarsierError(failure)
}

/** Runs what a person asked for with a click, and tells what went wrong with it at the edge of the page. */
export function reportErrors(work: () => Promise<unknown>): void {
  work().catch(useProblem.getState().report)
}
