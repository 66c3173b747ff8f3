import { RotateCcw } from 'lucide-react'
import { Slider } from 'radix-ui'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { movedRange } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { usePlayer } from '../../stores/player.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { TimeField } from './time-field.tsx'

const thumb = 'block h-4 w-2 rounded-sm border border-accent bg-raised shadow-card'

/** Start and end of the selected range of the clip. */
export function RangeRow({ metadata }: { readonly metadata: ClipMetadata }) {
  const { range, setRange, picked } = usePlayer()
  const { duration, rate } = metadata
  const { start, end } = range ?? { start: 0, end: duration }
  const byHand = picked.length > 0
  return (
    <fieldset
      disabled={byHand}
      className="flex items-center gap-1 disabled:opacity-55"
      title={byHand ? 'Not available while frames are selected manually' : undefined}
    >
      <legend className="sr-only">Range of the clip to use</legend>
      <TimeField
        label="Range start"
        value={start}
        disabled={byHand}
        onChange={(seconds) => setRange(movedRange(range, 'start', seconds, metadata))}
      />
      <Slider.Root
        className="relative flex h-5 min-w-0 grow touch-none items-center select-none"
        value={[start, end]}
        max={duration}
        step={rate > 0 ? 1 / rate : 0.04}
        disabled={byHand}
        minStepsBetweenThumbs={1}
        onValueChange={([from, to]) =>
          from !== undefined && to !== undefined && setRange(from <= 0 && to >= duration ? null : { start: from, end: to })
        }
      >
        <Slider.Track className="relative h-1 grow rounded-full bg-line">
          <Slider.Range className="absolute h-full rounded-full bg-accent/60" />
        </Slider.Track>
        <Slider.Thumb aria-label="Start of the range (I)" aria-valuetext={clockText(start)} className={thumb} />
        <Slider.Thumb aria-label="End of the range (O)" aria-valuetext={clockText(end)} className={thumb} />
      </Slider.Root>
      <TimeField
        label="Range end"
        value={end}
        disabled={byHand}
        onChange={(seconds) => setRange(movedRange(range, 'end', seconds, metadata))}
      />
      <IconButton
        icon={RotateCcw}
        label="Use the whole clip"
        why={range ? null : 'The whole clip is already used'}
        onClick={() => setRange(null)}
        className="size-7"
      />
    </fieldset>
  )
}
