import { useEffect, useRef } from 'react'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import { playNeighbour } from '../flows/play-from.ts'
import type { EventSpan } from '../lib/event-track.ts'
import { frameAt, movedRange, skippedTime, steppedTime, type Timeline } from '../lib/frame-step.ts'
import { isControl, isScrolling, isTyping } from '../lib/shortcuts.ts'
import { highestZoom } from '../lib/time-scale.ts'
import { seekTo, usePlayer } from '../stores/player.ts'
import { useStage } from '../stores/stage.ts'
import { useShownEvents } from './use-shown-events.ts'
import { useTimeline } from './use-timeline.ts'

/** Keys that no control uses itself. */
const FREE_KEYS = ['i', 'o', 'p', 'n', 'b', 'l', 'c', 'm', 'f', '+', '=', '-']
/** Change of the timeline's magnification at a press of a key. */
const ZOOM_STEP = 1.5

/** Handles the player's keys, unless the focus is in a text field or on a control that uses the key itself. */
export function usePlayerKeys(metadata: ClipMetadata, onFullScreen: () => void): void {
  const fullScreen = useRef(onFullScreen)
  fullScreen.current = onFullScreen
  const timeline = useTimeline(metadata)
  const shown = useShownEvents(metadata)
  useEffect(() => {
    if (metadata.kind !== 'video') return
    const onKey = (event: KeyboardEvent) => {
      const { target, ctrlKey, metaKey, altKey, defaultPrevented } = event
      if (defaultPrevented || ctrlKey || metaKey || altKey || isTyping(target) || document.querySelector('dialog[open]')) return
      if (isControl(target) && !FREE_KEYS.includes(event.key.toLowerCase())) return
      if (isScrolling(target, event.key)) return
      const isFullScreen = event.key.toLowerCase() === 'f'
      if (isFullScreen) fullScreen.current()
      if (isFullScreen || act(event.key, event.shiftKey, metadata, timeline, shown?.spans ?? [])) event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [metadata, timeline, shown])
}

/** Handles a key. Returns whether the key has an action. */
function act(key: string, shift: boolean, metadata: ClipMetadata, timeline: Timeline, events: readonly EventSpan[]): boolean {
  const { time, playing, video, range, setRange, togglePick } = usePlayer.getState()
  const { loop, captions, muted, zoom, set } = useStage.getState()
  const { duration } = metadata
  const zoomBy = (factor: number) => set({ zoom: Math.min(highestZoom(duration), Math.max(1, zoom * factor)) })
  const step = (direction: 1 | -1) =>
    seekTo(shift ? skippedTime(time, direction, timeline) : steppedTime(time, direction, timeline), duration)
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case ' ':
      if (playing) video?.pause()
      else video?.play()
      return true
    case 'ArrowLeft':
      step(-1)
      return true
    case 'ArrowRight':
      step(1)
      return true
    case 'Home':
      seekTo(0, duration)
      return true
    case 'End':
      seekTo(steppedTime(duration, 0, timeline), duration)
      return true
    case 'i':
      setRange(movedRange(range, 'start', time, metadata))
      return true
    case 'o':
      setRange(movedRange(range, 'end', time, metadata))
      return true
    case 'p':
      togglePick(frameAt(time, timeline))
      return true
    case 'n':
    case 'b':
      playNeighbour(
        events.map(({ start }) => start),
        key.toLowerCase() === 'n' ? 1 : -1,
      )
      return true
    case 'l':
      set({ loop: !loop })
      return true
    case 'c':
      set({ captions: !captions })
      return true
    case 'm':
      set({ muted: !muted })
      return true
    case '+':
    case '=':
      zoomBy(ZOOM_STEP)
      return true
    case '-':
      zoomBy(1 / ZOOM_STEP)
      return true
    default:
      return false
  }
}
