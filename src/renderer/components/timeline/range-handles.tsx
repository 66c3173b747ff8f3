import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { useTimeline } from '../../hooks/use-timeline.ts'
import { movedRange, skippedTime, steppedTime } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { usePlayer } from '../../stores/player.ts'

const HANDLE_PX = 10

/** Handles at the start and the end of the range; what is outside of it is dimmed. There are none while frames are picked by hand. */
export function RangeHandles({ metadata, scale }: { readonly metadata: ClipMetadata; readonly scale: TimeScale }) {
  const range = usePlayer((state) => state.range)
  const byHand = usePlayer((state) => state.picked.length > 0)
  if (byHand) return null
  const start = (range?.start ?? 0) * scale.pixelsPerSecond
  const end = (range?.end ?? metadata.duration) * scale.pixelsPerSecond
  return (
    <>
      <div className="pointer-events-none absolute inset-y-0 left-0 rounded-l-control bg-ground/75" style={{ width: start }} />
      <div className="pointer-events-none absolute inset-y-0 right-0 rounded-r-control bg-ground/75" style={{ left: end }} />
      {range && (
        <div
          className="pointer-events-none absolute inset-y-0 border-y-2 border-accent"
          style={{ left: start, width: Math.max(0, end - start) }}
        />
      )}
      <Handle edge="start" metadata={metadata} scale={scale} />
      <Handle edge="end" metadata={metadata} scale={scale} />
    </>
  )
}

interface HandleProps {
  readonly edge: 'start' | 'end'
  readonly metadata: ClipMetadata
  readonly scale: TimeScale
}

function Handle({ edge, metadata, scale: { pixelsPerSecond, width } }: HandleProps) {
  const range = usePlayer((state) => state.range)
  const setRange = usePlayer((state) => state.setRange)
  const timeline = useTimeline(metadata)
  const [dragging, setDragging] = useState(false)
  const { duration } = metadata
  const seconds = range?.[edge] ?? (edge === 'start' ? 0 : duration)
  const moveTo = (time: number) => {
    const moved = movedRange(range, edge, time, metadata)
    setRange(moved.start <= 0 && moved.end >= duration ? null : moved)
  }
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    event.stopPropagation()
    const strip = event.currentTarget.parentElement
    if (dragging && strip && pixelsPerSecond > 0) moveTo((event.clientX - strip.getBoundingClientRect().left) / pixelsPerSecond)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[event.key]
    if (direction === undefined) return
    event.preventDefault()
    moveTo(event.shiftKey ? skippedTime(seconds, direction, timeline) : steppedTime(seconds, direction, timeline))
  }
  const x = seconds * pixelsPerSecond
  const label = edge === 'start' ? t('Start of the range (I)') : t('End of the range (O)')
  const look = range ? 'bg-accent' : 'bg-quiet'
  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={duration}
      aria-valuenow={seconds}
      aria-valuetext={clockText(seconds)}
      title={label}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.stopPropagation()
        event.currentTarget.setPointerCapture(event.pointerId)
        setDragging(true)
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
      className={`absolute inset-y-0 grid cursor-ew-resize touch-none place-items-center ${edge === 'start' ? 'rounded-l-control' : 'rounded-r-control'} ${look}`}
      style={{ width: HANDLE_PX, left: edge === 'start' ? Math.min(x, width - HANDLE_PX) : Math.max(0, x - HANDLE_PX) }}
    >
      <span className="h-4 w-0.5 rounded-full bg-panel" />
    </div>
  )
}
