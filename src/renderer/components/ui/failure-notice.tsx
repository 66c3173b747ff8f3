import { type ErrorAction, errorCodeInfo } from '../../../shared/error-codes.ts'
import type { ErrorData } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useActivity } from '../../stores/activity.ts'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'

const actionLabels: Readonly<Record<ErrorAction, string>> = {
  retry: t('Try again'),
  'fewer-frames': t('Use fewer frames'),
  'other-device': t('Choose another device'),
  'other-file': t('Choose another file'),
  models: t('Show models'),
  locate: t('Find the file'),
  reload: t('Reload the page'),
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
          {t('Dismiss')}
        </Button>
      )}
    </>
  )
  return (
    <Notice tone="bad" title={translate(label)} urgent actions={buttons}>
      {translate(error.message)}
    </Notice>
  )
}
