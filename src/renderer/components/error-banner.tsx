import { t } from '../../shared/text.ts'
import { chooseFiles } from '../flows/take-files.ts'
import { useActivity } from '../stores/activity.ts'
import { useClip } from '../stores/clip.ts'
import { useProblem } from '../stores/problem.ts'
import { FailureNotice } from './ui/failure-notice.tsx'
import { Notice } from './ui/notice.tsx'

/** Errors that no other part of the page shows, at the top of the page. */
export function ErrorBanner() {
  const { problem, dismiss } = useProblem()
  const connected = useActivity((state) => state.connected)
  // The start page shows it itself.
  const refused = useClip(({ refused, metadata }) => (metadata ? refused : null))
  // What fails during an outage has no message of its own.
  const other = connected || problem?.code !== 'service-lost' ? problem : null
  if (connected && !other && !refused) return null
  return (
    <div className="space-y-2 px-4 pt-3">
      {!connected && (
        <Notice tone="bad" title={t('Tarsier does not respond')} urgent>
          {t('The page tries to reconnect every two seconds. If this does not help, restart Tarsier.')}
        </Notice>
      )}
      {refused && (
        <FailureNotice
          error={refused.error}
          can={{ 'other-file': () => chooseFiles(), retry: () => chooseFiles() }}
          onDismiss={() => useClip.getState().refuse('', null)}
        />
      )}
      {other && <FailureNotice error={other} onDismiss={dismiss} />}
    </div>
  )
}
