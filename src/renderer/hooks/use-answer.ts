import { useEffect, useState } from 'react'
import type { TarsierError } from '../../shared/errors.ts'
import { problemOf } from '../stores/problem.ts'

/** What a question to the service came to: null until it is answered. Asked once, `ask` must not change. */
export function useAnswer<T>(ask: () => Promise<T>): {
  readonly answer: T | null
  readonly problem: TarsierError | null
  readonly again: () => void
} {
  const [answer, setAnswer] = useState<T | null>(null)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  const [round, setRound] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again.
  useEffect(() => {
    let unmounted = false
    ask().then(
      (value) => {
        if (unmounted) return
        setAnswer(() => value)
        setProblem(null)
      },
      (error) => {
        if (!unmounted) setProblem(problemOf(error))
      },
    )
    return () => {
      unmounted = true
    }
  }, [ask, round])
  return { answer, problem, again: () => setRound(round + 1) }
}
