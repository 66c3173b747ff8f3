import { ChevronDown, ZoomIn, ZoomOut } from 'lucide-react'
import { memo, type PointerEvent, useCallback, useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { useShownEvents } from '../../hooks/use-shown-events.ts'
import { END_PX, type TimeScale, useTimeScale } from '../../hooks/use-time-scale.ts'
import { useZoomGestures } from '../../hooks/use-zoom-gestures.ts'
import { highestZoom } from '../../lib/time-scale.ts'
import { useFrames } from '../../stores/frames.ts'
import { seekTo } from '../../stores/player.ts'
import { useStage } from '../../stores/stage.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { EventLanes } from './event-lanes.tsx'
import { FrameDots } from './frame-dots.tsx'
import { PictureStrip } from './picture-strip.tsx'
import { Playhead } from './playhead.tsx'
import { RangeFields } from './range-fields.tsx'
import { RangeHandles } from './range-handles.tsx'
import { Ruler } from './ruler.tsx'

/** Change of the magnification for a press of a button. */
const ZOOM_STEP = 1.5

/** The whole clip on one scale: ruler, pictures, the frames that the model saw, events, the selected range and the playhead. */
export function Timeline({ metadata }: { readonly metadata: ClipMetadata }) {
  const { duration } = metadata
  const { box, scale, zoomAt, onScroll } = useTimeScale(duration)
  const [opened, setOpened] = useState(false)
  const toggle = useCallback(() => setOpened((before) => !before), [])
  useZoomGestures(box, zoomAt)
  return (
    <section aria-label={t('Timeline')} className="rounded-panel bg-panel px-3 pt-2 pb-3 shadow-panel">
      <header className="flex flex-wrap items-center gap-x-3 pb-1 text-control">
        <h2 className="font-semibold">{t('Timeline')}</h2>
        <Counts metadata={metadata} opened={opened} onToggle={toggle} />
        <RangeFields metadata={metadata} />
        <ZoomControls duration={duration} />
      </header>
      <section
        ref={box}
        aria-label={t('Timeline of the clip')}
        tabIndex={scale.width > 0 && scale.to - scale.from < duration - 0.001 ? 0 : undefined}
        onScroll={onScroll}
        className="touch-pan-x touch-pan-y overflow-x-auto overflow-y-hidden"
        style={{ paddingInline: END_PX }}
      >
        <div className="relative" style={{ width: scale.width > 0 ? scale.width : '100%' }}>
          <ScrubArea scale={scale}>
            <Ruler scale={scale} />
            <div className="relative h-12.5">
              <PictureStrip metadata={metadata} scale={scale} />
              <PointedSpan scale={scale} />
              <RangeHandles metadata={metadata} scale={scale} />
            </div>
            <FrameDots metadata={metadata} scale={scale} />
          </ScrubArea>
          <div className={opened ? '' : 'max-wide:hidden'}>
            <EventLanes metadata={metadata} scale={scale} />
          </div>
          <Playhead metadata={metadata} scale={scale} />
        </div>
      </section>
    </section>
  )
}

/** Numbers of events and frames. In a narrow window it opens the events of the timeline. */
const Counts = memo(function Counts({
  metadata,
  opened,
  onToggle,
}: {
  readonly metadata: ClipMetadata
  readonly opened: boolean
  readonly onToggle: () => void
}) {
  const shown = useShownEvents(metadata)
  const frames = useFrames((state) => state.of)
  const events = shown?.spans.length ?? 0
  const text = [
    ...(events > 0 ? [t('{count, plural, one {# event} other {# events}}', { count: events })] : []),
    ...(frames > 0 ? [t('{count, plural, one {# frame} other {# frames}} seen', { count: frames })] : []),
  ].join(' · ')
  return (
    <>
      <span className={`text-quiet ${events > 0 ? 'max-wide:hidden' : ''}`}>{text}</span>
      {events > 0 && (
        <button
          type="button"
          aria-expanded={opened}
          onClick={onToggle}
          className="flex min-h-7 items-center gap-1 rounded-control px-1.5 text-quiet hover:bg-sunk hover:text-text wide:hidden"
        >
          {text}
          <ChevronDown size={14} aria-hidden="true" className={opened ? 'rotate-180' : ''} />
        </button>
      )}
    </>
  )
})

/** A press or drag goes to the time there. A finger goes there when it moves or is lifted, because a second one may follow for a pinch. */
function ScrubArea({ scale: { pixelsPerSecond, duration }, children }: { readonly scale: TimeScale; readonly children: React.ReactNode }) {
  const [dragging, setDragging] = useState(false)
  const seek = (event: PointerEvent<HTMLDivElement>) => {
    if (pixelsPerSecond > 0) seekTo((event.clientX - event.currentTarget.getBoundingClientRect().left) / pixelsPerSecond, duration)
  }
  return (
    <div
      className="cursor-pointer touch-none select-none"
      onPointerDown={(event) => {
        if (event.button !== 0) return
        setDragging(event.isPrimary)
        if (!event.isPrimary) return
        event.currentTarget.setPointerCapture(event.pointerId)
        if (event.pointerType !== 'touch') seek(event)
      }}
      onPointerMove={(event) => dragging && seek(event)}
      onPointerUp={(event) => {
        if (dragging) seek(event)
        setDragging(false)
      }}
      onPointerCancel={() => setDragging(false)}
    >
      {children}
    </div>
  )
}

/** The part of the clip that the text under the pointer is about. */
function PointedSpan({ scale: { pixelsPerSecond } }: { readonly scale: TimeScale }) {
  const pointed = useStage((state) => state.pointed)
  if (!pointed) return null
  return (
    <div
      data-testid="pointed-span"
      className="pointer-events-none absolute inset-y-0 border-x-2 border-accent bg-accent/25"
      style={{ left: pointed.start * pixelsPerSecond, width: Math.max(4, (pointed.end - pointed.start) * pixelsPerSecond) }}
    />
  )
}

function ZoomControls({ duration }: { readonly duration: number }) {
  const highest = highestZoom(duration)
  const zoom = Math.min(
    useStage((state) => state.zoom),
    highest,
  )
  const set = useStage((state) => state.set)
  const by = (factor: number) => set({ zoom: Math.min(highest, Math.max(1, zoom * factor)) })
  const share = highest > 1 ? Math.log(zoom) / Math.log(highest) : 0
  return (
    <div className="ml-auto flex items-center gap-1">
      <IconButton
        icon={ZoomOut}
        label={t('Zoom out (−)')}
        why={zoom > 1 ? null : t('The whole clip is shown')}
        onClick={() => by(1 / ZOOM_STEP)}
        className="size-7"
      />
      <input
        type="range"
        aria-label={t('Zoom of the timeline')}
        aria-valuetext={t('{zoom} times', { zoom: zoom.toFixed(1) })}
        className="slider w-24 max-wide:hidden"
        min={0}
        max={1}
        step={0.01}
        disabled={highest === 1}
        value={share}
        onChange={({ target }) => set({ zoom: highest ** Number(target.value) })}
      />
      <IconButton
        icon={ZoomIn}
        label={t('Zoom in (+)')}
        why={zoom < highest ? null : t('One second fills the timeline')}
        onClick={() => by(ZOOM_STEP)}
        className="size-7"
      />
    </div>
  )
}
