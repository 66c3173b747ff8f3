import { useEffect, useState } from 'react'
import type { TarsierError } from '../../shared/errors.ts'
import { problemOf } from '../stores/problem.ts'

/** Returns the response to a service call; null until it arrives. `ask` is called once and must be stable. */
export function useAnswer<T>(ask: () => Promise<T>): {
  readonly answer: T | null
  readonly problem: TarsierError | null
  readonly again: () => void
} {
  const [answer, setAnswer] = useState<T | null>(null)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  const [round, setRound] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round repeats the call.
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
