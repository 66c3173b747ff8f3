import { Upload } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { t } from '../../shared/text.ts'
import { takeFiles } from '../flows/take-files.ts'
import { droppedFiles } from '../lib/dropped-files.ts'
import { isTyping } from '../lib/shortcuts.ts'
import { reportErrors } from '../stores/problem.ts'

/** Handles clips that are dropped anywhere in the window, or pasted. */
export function DropZone({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState(false)
  useEffect(() => {
    // Enter and leave events also fire for every child element, so count them.
    let depth = 0
    const withFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (event: DragEvent) => {
      if (withFiles(event)) setOver(++depth > 0)
    }
    const leave = (event: DragEvent) => {
      if (withFiles(event)) setOver(--depth > 0)
    }
    const hover = (event: DragEvent) => {
      if (withFiles(event)) event.preventDefault()
    }
    const drop = (event: DragEvent) => {
      depth = 0
      setOver(false)
      const data = event.dataTransfer
      if (!data || !withFiles(event)) return
      event.preventDefault()
      reportErrors(async () => takeFiles(await droppedFiles(data)))
    }
    const paste = (event: ClipboardEvent) => {
      const data = event.clipboardData
      // Let text be pasted into inputs; a file that comes with it is only a rendered copy of the text.
      if (!data || data.files.length === 0 || (isTyping(event.target) && data.types.includes('text/plain'))) return
      event.preventDefault()
      reportErrors(async () => takeFiles(await droppedFiles(data)))
    }
    const controller = new AbortController()
    const { signal } = controller
    window.addEventListener('dragenter', enter, { signal })
    window.addEventListener('dragleave', leave, { signal })
    window.addEventListener('dragover', hover, { signal })
    window.addEventListener('drop', drop, { signal })
    window.addEventListener('paste', paste, { signal })
    return () => controller.abort()
  }, [])
  return (
    <>
      {children}
      {over && (
        <div
          aria-hidden="true"
          className="pointer-events-none fixed inset-3 z-50 grid place-items-center rounded-panel border-2 border-dashed border-accent bg-ground/90"
        >
          <div className="grid justify-items-center gap-3 text-accent">
            <Upload size={44} strokeWidth={1.5} />
            <p className="text-heading font-semibold">{t('Drop it here')}</p>
            <p className="text-quiet">{t('Drop one clip to ask about it, or several clips or a folder to describe them all')}</p>
          </div>
        </div>
      )}
    </>
  )
}
