import { useEffect, useState } from 'react'
import { reportErrors } from '../stores/problem.ts'

/** Duration of the "copied" state, in milliseconds. */
const SAY_MS = 1500

/** A function that copies by `work`, and whether that has just been done. */
export function useCopied(work: () => Promise<unknown>): { readonly copied: boolean; readonly copy: () => void } {
  const [times, setTimes] = useState(0)
  useEffect(() => {
    if (times === 0) return
    const timer = setTimeout(() => setTimes(0), SAY_MS)
    return () => clearTimeout(timer)
  }, [times])
  const copy = () =>
    reportErrors(async () => {
      await work()
      setTimes((before) => before + 1)
    })
  return { copied: times > 0, copy }
}
