import { X } from 'lucide-react'
import { t } from '../../../shared/text.ts'
import { Button } from '../ui/button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

interface ScoringProgressProps {
  readonly text: string
  /** From 0 to 1; null if unknown. */
  readonly value: number | null
  readonly detail?: string
  readonly onCancel: () => void
}

/** Progress of work on events, with a button that stops it. */
export function ScoringProgress({ text, value, detail = '', onCancel }: ScoringProgressProps) {
  return (
    <div className="space-y-2 rounded-panel bg-sunk px-3 py-2.5">
      <div className="flex items-center gap-3">
        <div className="min-w-0 flex-1">
          <p className="text-control font-medium">{text}</p>
          {detail !== '' && <p className="text-note text-quiet tabular-nums">{detail}</p>}
        </div>
        <Button size="small" onClick={onCancel}>
          <X size={14} aria-hidden="true" /> {t('Cancel')}
        </Button>
      </div>
      <ProgressBar value={value} label={text} />
    </div>
  )
}
