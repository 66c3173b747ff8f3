import { useEffect } from 'react'
import { problemOf, useProblem } from '../stores/problem.ts'

/** Refreshes when the window regains the focus, because the page is not notified when other programs change files, or other windows the settings. */
export function useReturn(refresh: () => Promise<unknown>): void {
  useEffect(() => {
    const onFocus = () => {
      refresh().catch((error: unknown) => {
        const problem = problemOf(error)
        // A lost connection has its own message for as long as it lasts.
        if (problem?.code !== 'service-lost') useProblem.getState().report(error)
      })
    }
    window.addEventListener('focus', onFocus)
    return () => window.removeEventListener('focus', onFocus)
  }, [refresh])
}
