import { useEffect } from 'react'
import type { ClipFacts } from '../../shared/contract/clips.ts'
import { frameAt, movedRange, skippedTime, steppedTime } from '../lib/frame-step.ts'
import { isControl, isScrolling, isTyping } from '../lib/shortcuts.ts'
import { seekTo, usePlayer } from '../stores/player.ts'

/** The player's keys, wherever the focus is but in a field, or on what has its own use for the key. */
export function usePlayerKeys(facts: ClipFacts): void {
  useEffect(() => {
    if (facts.kind !== 'video') return
    const onKey = (event: KeyboardEvent) => {
      const { target, ctrlKey, metaKey, altKey, defaultPrevented } = event
      if (defaultPrevented || ctrlKey || metaKey || altKey || isTyping(target) || document.querySelector('dialog[open]')) return
      if (isControl(target) && !['i', 'o', 'p'].includes(event.key.toLowerCase())) return
      if (isScrolling(target, event.key)) return
      if (act(event.key, event.shiftKey, facts)) event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [facts])
}

/** True when the key meant something. */
function act(key: string, shift: boolean, facts: ClipFacts): boolean {
  const { time, playing, film, range, setRange, togglePick } = usePlayer.getState()
  const { duration, rate, frameCount } = facts
  const step = (direction: 1 | -1) =>
    seekTo(shift ? skippedTime(time, direction, rate, frameCount) : steppedTime(time, direction, rate, frameCount), duration)
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case ' ':
      if (playing) film?.pause()
      else film?.play()
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
      seekTo(steppedTime(duration, 0, rate, frameCount), duration)
      return true
    case 'i':
      setRange(movedRange(range, 'start', time, facts))
      return true
    case 'o':
      setRange(movedRange(range, 'end', time, facts))
      return true
    case 'p':
      togglePick(frameAt(time, rate, frameCount))
      return true
    default:
      return false
  }
}
