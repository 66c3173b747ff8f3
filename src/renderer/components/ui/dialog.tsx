import { X } from 'lucide-react'
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { t } from '../../../shared/text.ts'
import { ModalProblem } from './modal-problem.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  /** Buttons at the bottom, the primary one last. */
  readonly actions?: ReactNode
  readonly wide?: boolean
}

/** The native dialog element: it traps the focus, closes with Escape and needs no inline styles, which the content security policy forbids. */
export function Dialog({ title, onClose, children, actions, wide = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // A layout effect ends before the element is removed: only then the browser gives the focus back to where it was.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    // The browser has focused the first button.
    element?.focus()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      tabIndex={-1}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      // Chromium closes a dialog without `cancel` when nothing was clicked or typed in it.
      onClose={({ currentTarget }) => currentTarget.open || onClose()}
      className={`m-auto max-h-[88vh] w-full flex-col rounded-panel border border-line bg-panel text-text outline-none shadow-float open:flex ${wide ? 'max-w-3xl' : 'max-w-lg'}`}
    >
      <header className="flex items-center justify-between gap-4 px-5 pt-4 pb-2">
        <h2 id={heading} className="text-title font-semibold">
          {title}
        </h2>
        {/* Without a tooltip, which would take the first Escape. */}
        <button
          type="button"
          aria-label={t('Close')}
          onClick={onClose}
          className="inline-flex size-8 shrink-0 items-center justify-center rounded-control text-quiet transition-colors hover:bg-sunk hover:text-text"
        >
          <X size={17} aria-hidden="true" />
        </button>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">
        <ModalProblem />
        {children}
      </div>
      {actions && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{actions}</footer>}
    </dialog>
  )
}
