import { type ErrorAction, errorCodeInfo } from '../../../shared/error-codes.ts'
import type { ErrorData } from '../../../shared/errors.ts'
import { useActivity } from '../../stores/activity.ts'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'

const actionLabels: Readonly<Record<ErrorAction, string>> = {
  retry: 'Try again',
  'fewer-frames': 'Use fewer frames',
  'other-device': 'Choose another device',
  'other-file': 'Choose another file',
  models: 'Show models',
  locate: 'Find the file',
  reload: 'Reload the page',
}

interface FailureNoticeProps {
  readonly error: Pick<ErrorData, 'code' | 'message'>
  /** Handlers for actions available here; other actions of the error are not offered. */
  readonly can?: Partial<Readonly<Record<ErrorAction, () => void>>>
  readonly onDismiss?: () => void
}

/** Shows an error: what happened, what to do, and buttons for possible actions. */
export function FailureNotice({ error, can = {}, onDismiss }: FailureNoticeProps) {
  const connected = useActivity((state) => state.connected)
  // While the service does not respond, the page has one message about it, at the top.
  if (error.code === 'service-lost' && !connected) return null
  const { label, actions } = errorCodeInfo[error.code]
  const handlers = { reload: () => window.location.reload(), ...can }
  const possible = actions.flatMap((action: ErrorAction) => {
    const act = handlers[action]
    return act ? [{ action, act }] : []
  })
  const buttons = (possible.length > 0 || onDismiss) && (
    <>
      {possible.map(({ action, act }) => (
        <Button key={action} size="small" onClick={act}>
          {actionLabels[action]}
        </Button>
      ))}
      {onDismiss && (
        <Button size="small" variant="quiet" onClick={onDismiss}>
          Dismiss
        </Button>
      )}
    </>
  )
  return (
    <Notice tone="bad" title={label} urgent actions={buttons}>
      {error.message}
    </Notice>
  )
}
