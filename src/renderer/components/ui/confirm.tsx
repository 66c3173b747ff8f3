import type { ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'

interface ConfirmProps {
  readonly title: string
  readonly children: ReactNode
  /** Label of the confirm button. */
  readonly verb: string
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Confirmation dialog for destructive actions that cannot be undone. */
export function Confirm({ title, children, verb, onConfirm, onClose }: ConfirmProps) {
  const actions = (
    <>
      <Button onClick={onClose}>{t('Cancel')}</Button>
      <Button
        variant="danger"
        onClick={() => {
          onClose()
          onConfirm()
        }}
      >
        {verb}
      </Button>
    </>
  )
  return (
    <Dialog title={title} onClose={onClose} actions={actions}>
      <p className="text-quiet">{children}</p>
    </Dialog>
  )
}
