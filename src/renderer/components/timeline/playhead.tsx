import type { KeyboardEvent } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { useTimeline } from '../../hooks/use-timeline.ts'
import { skippedTime, steppedTime } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { seekTo, usePlayer } from '../../stores/player.ts'

/** The line at the player's time. Its head takes the arrow keys; the pointer drags on the ruler and the pictures. */
export function Playhead({ metadata, scale: { pixelsPerSecond } }: { readonly metadata: ClipMetadata; readonly scale: TimeScale }) {
  const time = usePlayer((state) => state.time)
  const { duration } = metadata
  const timeline = useTimeline(metadata)
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key]
    if (direction === undefined) return
    event.preventDefault()
    seekTo(event.shiftKey ? skippedTime(time, direction, timeline) : steppedTime(time, direction, timeline), duration)
  }
  return (
    <div className="pointer-events-none absolute inset-y-0 z-10 w-0" style={{ left: Math.min(time, duration) * pixelsPerSecond }}>
      <div className="absolute inset-y-0 -left-px w-0.5 bg-accent" />
      <div
        role="slider"
        tabIndex={0}
        aria-label={t('Time in the clip')}
        aria-valuemin={0}
        aria-valuemax={duration}
        aria-valuenow={time}
        aria-valuetext={clockText(time)}
        onKeyDown={onKeyDown}
        className="absolute -top-px -left-1.5 h-3 w-3 rounded-mark rounded-b-full bg-accent"
      />
    </div>
  )
}
