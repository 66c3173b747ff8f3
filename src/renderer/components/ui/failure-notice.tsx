import type { ErrorData } from '../../../shared/errors.ts'
import { type ErrorAction, errorLabels } from '../../lib/error-labels.ts'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'

const actionLabels: Readonly<Record<Exclude<ErrorAction, 'none'>, string>> = {
  retry: 'Try again',
  'fewer-frames': 'Use fewer frames',
  'other-device': 'Choose another device',
  'other-file': 'Choose another file',
  models: 'See the models',
  locate: 'Find the file',
  reload: 'Reload the page',
}

interface FailureNoticeProps {
  readonly error: Pick<ErrorData, 'code' | 'message'>
  /** What can be done from here; the rest of the error's actions is left out. */
  readonly can?: Partial<Readonly<Record<Exclude<ErrorAction, 'none'>, () => void>>>
  readonly onDismiss?: () => void
}

/** An error in words: what happened, what to do, and buttons that do it. */
export function FailureNotice({ error, can = {}, onDismiss }: FailureNoticeProps) {
  const { title, actions } = errorLabels[error.code]
  const handlers = { reload: () => window.location.reload(), ...can }
  const possible = actions.flatMap((action) => {
    const act = action === 'none' ? undefined : handlers[action]
    return act && action !== 'none' ? [{ action, act }] : []
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
    <Notice tone="bad" title={title} urgent actions={buttons}>
      {error.message}
    </Notice>
  )
}
