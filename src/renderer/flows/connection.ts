import { useActivity } from '../stores/activity.ts'
import { useModels } from '../stores/models.ts'
import { problemOf, useProblem } from '../stores/problem.ts'
import { useSettings } from '../stores/settings.ts'

const RETRY_MS = 2000

/** Loads the data that all views need and follows the service while the page is open, including across restarts. */
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

/** Repeats work that does not end by itself, such as a subscription. */
async function reconnecting(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (thrown) {
      const problem = problemOf(thrown)
      if (signal.aborted || !problem) return
      // A lost connection has its own message for as long as it lasts.
      if (problem.code === 'service-lost' || problem.code === 'internal') useActivity.setState({ connected: false })
      else useProblem.getState().report(problem)
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}
