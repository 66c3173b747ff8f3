import { X } from 'lucide-react'
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { t } from '../../../shared/text.ts'
import { IconButton } from './icon-button.tsx'
import { ModalProblem } from './modal-problem.tsx'

interface SheetProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A dialog at the right edge of the window. A click beside it closes it too. */
export function Sheet({ title, onClose, children }: SheetProps) {
  const sheet = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const headingId = useId()
  // As in `dialog.tsx`, so that the focus returns to where it was.
  useLayoutEffect(() => {
    const element = sheet.current
    element?.showModal()
    // Not to a button, whose tooltip would take the first Escape.
    heading.current?.focus()
    return () => element?.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes the dialog, and the button does.
    <dialog
      ref={sheet}
      aria-labelledby={headingId}
      onCancel={(event) => {
        event.preventDefault()
        // Fields store what is typed when they lose the focus, which React does not notice if they are removed.
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
        onClose()
      }}
      // Chromium closes a dialog without `cancel` when nothing was clicked or typed in it.
      onClose={({ currentTarget }) => currentTarget.open || onClose()}
      onClick={(event) => event.target === sheet.current && onClose()}
      className="sheet fixed inset-y-0 right-0 left-auto m-0 h-full max-h-none w-full max-w-110 border-l border-line bg-panel p-0 text-text shadow-float"
    >
      <div className="flex h-full flex-col">
        <header className="flex items-center justify-between gap-4 px-5 pt-3.5 pb-2">
          <h2 ref={heading} id={headingId} tabIndex={-1} className="text-title font-semibold outline-none">
            {title}
          </h2>
          <IconButton icon={X} label={t('Close')} onClick={onClose} />
        </header>
        <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">
          <ModalProblem />
          {children}
        </div>
      </div>
    </dialog>
  )
}
