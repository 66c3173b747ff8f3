import { RotateCcw } from 'lucide-react'
import { memo } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { movedRange } from '../../lib/frame-step.ts'
import { usePlayer } from '../../stores/player.ts'
import { TimeField } from '../clip/time-field.tsx'
import { IconButton } from '../ui/icon-button.tsx'

/** Start and end of the part of the clip that questions are about. */
export const RangeFields = memo(function RangeFields({ metadata }: { readonly metadata: ClipMetadata }) {
  const range = usePlayer((state) => state.range)
  const byHand = usePlayer((state) => state.picked.length > 0)
  const { setRange } = usePlayer.getState()
  const { start, end } = range ?? { start: 0, end: metadata.duration }
  const move = (edge: 'start' | 'end') => (seconds: number) => setRange(movedRange(range, edge, seconds, metadata))
  return (
    <fieldset
      disabled={byHand}
      className="flex items-center text-quiet disabled:opacity-60"
      title={byHand ? t('Not available while frames are selected manually') : t('Part of the clip that questions are about')}
    >
      <legend className="sr-only">{t('Range of the clip to use')}</legend>
      <span aria-hidden="true">{t('Range')}</span>
      <TimeField label={t('Range start')} value={start} disabled={byHand} onChange={move('start')} />
      <span aria-hidden="true">–</span>
      <TimeField label={t('Range end')} value={end} disabled={byHand} onChange={move('end')} />
      {range && <IconButton icon={RotateCcw} label={t('Use the whole clip')} onClick={() => setRange(null)} className="size-7" />}
    </fieldset>
  )
})
