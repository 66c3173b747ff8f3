import { useEffect } from 'react'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import { frameAt, movedRange, skippedTime, steppedTime, type Timeline } from '../lib/frame-step.ts'
import { isControl, isScrolling, isTyping } from '../lib/shortcuts.ts'
import { seekTo, usePlayer } from '../stores/player.ts'
import { useTimeline } from './use-timeline.ts'

/** Handles the player's keys, unless the focus is in a text field or on a control that uses the key itself. */
export function usePlayerKeys(metadata: ClipMetadata): void {
  const timeline = useTimeline(metadata)
  useEffect(() => {
    if (metadata.kind !== 'video') return
    const onKey = (event: KeyboardEvent) => {
      const { target, ctrlKey, metaKey, altKey, defaultPrevented } = event
      if (defaultPrevented || ctrlKey || metaKey || altKey || isTyping(target) || document.querySelector('dialog[open]')) return
      if (isControl(target) && !['i', 'o', 'p'].includes(event.key.toLowerCase())) return
      if (isScrolling(target, event.key)) return
      if (act(event.key, event.shiftKey, metadata, timeline)) event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [metadata, timeline])
}

/** Handles a key. Returns whether the key has an action. */
function act(key: string, shift: boolean, metadata: ClipMetadata, timeline: Timeline): boolean {
  const { time, playing, video, range, setRange, togglePick } = usePlayer.getState()
  const { duration } = metadata
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
    default:
      return false
  }
}
