import { useActivity } from '../stores/activity.ts'
import { useModels } from '../stores/models.ts'
import { problemOf, useProblem } from '../stores/problem.ts'
import { useSettings } from '../stores/settings.ts'

const RETRY_MS = 2000

/** Reads what every room of the window needs, and keeps following the service for as long as the page is open, over its restarts. */
export function followService(): () => void {
  const leaving = new AbortController()
  const { signal } = leaving
  const activity = useActivity.getState()
  void reconnecting(signal, async () => {
    await Promise.all([useSettings.getState().load(), useModels.getState().load()])
    await activity.follow(signal)
  })
  void reconnecting(signal, () => useModels.getState().followJobs(signal))
  return () => leaving.abort()
}

/** Does something that never ends by itself, again and again. */
async function reconnecting(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (thrown) {
      const problem = problemOf(thrown)
      if (signal.aborted || !problem) return
      // That nobody answers is said by its own line, for as long as it is so.
      if (problem.code === 'service-lost' || problem.code === 'internal') useActivity.setState({ connected: false })
      else useProblem.getState().report(problem)
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}
