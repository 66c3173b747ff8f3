import { useEffect } from 'react'
import { problemOf, useProblem } from '../stores/problem.ts'

/** Looks again when the person comes back to the window: what other programs do to the disk meanwhile nobody tells the page. */
export function useReturn(refresh: () => Promise<unknown>): void {
  useEffect(() => {
    const onFocus = () => {
      refresh().catch((error: unknown) => {
        const problem = problemOf(error)
        // That nobody answers is said by its own line, for as long as it is so.
        if (problem?.code !== 'service-lost') useProblem.getState().report(error)
      })
    }
    window.addEventListener('focus', onFocus)
    return () => window.removeEventListener('focus', onFocus)
  }, [refresh])
}
