import { useActivity } from '../stores/activity.ts'
import { useProblem } from '../stores/problem.ts'
import { FailureNotice } from './ui/failure-notice.tsx'
import { Notice } from './ui/notice.tsx'

/** Errors that no other part of the page shows, at the top of the page. */
export function ErrorBanner() {
  const { problem, dismiss } = useProblem()
  const connected = useActivity((state) => state.connected)
  if (connected && !problem) return null
  return (
    <div className="space-y-2 px-4 pt-3">
      {!connected && (
        <Notice tone="bad" title="Tarsier does not respond" urgent>
          The page tries to reconnect every two seconds. If this does not help, restart Tarsier.
        </Notice>
      )}
      {problem && <FailureNotice error={problem} onDismiss={dismiss} />}
    </div>
  )
}
