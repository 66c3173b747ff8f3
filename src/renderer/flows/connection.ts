import { useActivity } from '../stores/activity.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useModels } from '../stores/models.ts'
import { problemOf, reportErrors, useProblem } from '../stores/problem.ts'
import { useSettings } from '../stores/settings.ts'
import { useThumbnails } from '../stores/thumbnails.ts'
import { loadInAdvance } from './load-in-advance.ts'

const RETRY_MS = 2000

/** Loads the data that all views need and follows the service while the page is open, including across restarts. */
export function followService(): () => void {
  const leaving = new AbortController()
  const { signal } = leaving
  const activity = useActivity.getState()
  const follow = async () => {
    await Promise.all([useSettings.getState().load(), useModels.getState().load()])
    loadInAdvance()
    await activity.follow(signal)
  }
  void reconnecting(signal, follow, () => useActivity.setState({ connected: false }))
  // After an outage, the page shows what the service has stored, and joins an answer that is still running.
  const unsubscribe = useActivity.subscribe((now, before) => {
    if (!now.connected || before.connected) return
    if (useProblem.getState().problem?.code === 'service-lost') useProblem.getState().dismiss()
    const { preview } = useClip.getState()
    if (preview.kind === 'failed' && preview.error.code === 'service-lost') useClip.setState({ preview: { kind: 'none' } })
    useThumbnails.getState().again()
    useChat.setState({ problem: null })
    reportErrors(useChat.getState().refresh)
  })
  void reconnecting(signal, () => useModels.getState().followJobs(signal))
  return () => {
    leaving.abort()
    unsubscribe()
  }
}

/**
 * Repeats work that does not end by itself, such as a subscription. `onLost` is called when the connection is lost. Only what follows the activity of
 * the service has one: that also notices when the service responds again.
 */
export async function reconnecting(signal: AbortSignal, work: () => Promise<void>, onLost = () => {}): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (thrown) {
      const problem = problemOf(thrown)
      if (signal.aborted || !problem) return
      // A lost connection has its own message for as long as it lasts.
      if (problem.code === 'service-lost' || problem.code === 'internal') onLost()
      else useProblem.getState().report(problem)
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}
