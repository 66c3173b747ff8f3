import { Slider } from 'radix-ui'
import type { KeyboardEvent } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { useTimeline } from '../../hooks/use-timeline.ts'
import { skippedTime, steppedTime } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { useFrames } from '../../stores/frames.ts'
import { seekTo, usePlayer } from '../../stores/player.ts'

/** Timeline of the clip, with a mark for each frame that the model receives. */
export function Scrubber({ metadata }: { readonly metadata: ClipMetadata }) {
  const time = usePlayer((state) => state.time)
  const range = usePlayer((state) => state.range)
  const pictures = useFrames((state) => state.pictures)
  const { duration } = metadata
  const timeline = useTimeline(metadata)
  const share = (seconds: number) => `${(duration > 0 ? Math.min(1, seconds / duration) : 0) * 100}%`
  const onKey = (event: KeyboardEvent) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key]
    if (direction === undefined) return
    event.preventDefault()
    seekTo(event.shiftKey ? skippedTime(time, direction, timeline) : steppedTime(time, direction, timeline), duration)
  }
  return (
    <Slider.Root
      className="relative flex h-5 touch-none items-center select-none"
      value={[Math.min(time, duration)]}
      max={duration}
      step={0.001}
      onValueChange={([seconds]) => seconds !== undefined && seekTo(seconds, duration)}
      onKeyDownCapture={onKey}
    >
      <Slider.Track className="relative h-1 grow rounded-full bg-line">
        <Slider.Range className="absolute h-full rounded-full bg-accent" />
        {range && (
          <div
            className="absolute -inset-y-1 rounded bg-accent/25"
            style={{ left: share(range.start), right: `calc(100% - ${share(range.end)})` }}
          />
        )}
        {pictures.map(({ time: at, done }) => (
          <span key={done} className="absolute top-2 size-1 -translate-x-1/2 rounded-full bg-accent" style={{ left: share(at) }} />
        ))}
      </Slider.Track>
      <Slider.Thumb
        aria-label="Time in the clip"
        aria-valuetext={clockText(time)}
        className="block size-3.5 rounded-full border-2 border-accent bg-raised shadow-card"
      />
    </Slider.Root>
  )
}
