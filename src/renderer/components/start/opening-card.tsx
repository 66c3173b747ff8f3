import { sizeText } from '../../../shared/size-text.ts'
import type { Opening } from '../../stores/clip.ts'
import { Button } from '../ui/button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

/** A clip that is being opened. */
export function OpeningCard({ opening }: { readonly opening: Opening }) {
  const { name, sent, bytes, cancel } = opening
  const sending = sent !== null && sent < 1
  return (
    <div role="status" className="grid gap-3 rounded-3xl border border-line bg-raised px-6 py-8">
      <p className="truncate font-medium">{name}</p>
      <ProgressBar value={sending ? sent : null} label={`Opening ${name}`} />
      <div className="flex items-center justify-between">
        <span className="text-[0.8125rem] text-quiet">
          {sending ? `Uploaded ${sizeText(sent * bytes)} of ${sizeText(bytes)}` : 'Reading the file…'}
        </span>
        <Button size="small" onClick={cancel}>
          Cancel
        </Button>
      </div>
    </div>
  )
}
