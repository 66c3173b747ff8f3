import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { highestZoom } from '../lib/time-scale.ts'
import { usePlayer } from '../stores/player.ts'
import { useStage } from '../stores/stage.ts'

/** How times are placed on the timeline. */
export interface TimeScale {
  readonly duration: number
  /** Width of the whole clip in pixels. */
  readonly width: number
  readonly pixelsPerSecond: number
  /** The visible part of the clip, in seconds. */
  readonly from: number
  readonly to: number
}

/** Room at the ends of the scale for handles and the playhead, in pixels. */
export const END_PX = 6
/** Share of the visible part that is before the playhead when the timeline follows it. */
const LEAD = 0.1
/** A jump of more than this many seconds is followed even if the playhead was not visible before. */
const JUMP_SECONDS = 1

/**
 * The scale of a timeline in a box that scrolls sideways. The magnification is the one of the stage; a change keeps the time in place that `zoomAt`
 * was given, otherwise the player's. The box follows the player.
 */
export function useTimeScale(duration: number): {
  readonly box: RefObject<HTMLDivElement | null>
  readonly scale: TimeScale
  /** Multiplies the magnification, and keeps what is at a place of the window where it is. */
  readonly zoomAt: (factor: number, clientX: number) => void
  readonly onScroll: () => void
} {
  const box = useRef<HTMLDivElement>(null)
  const [visible, setVisible] = useState({ left: 0, width: 0 })
  const highest = highestZoom(duration)
  const zoom = Math.min(
    useStage((state) => state.zoom),
    highest,
  )
  const width = visible.width * zoom
  const pixelsPerSecond = duration > 0 ? width / duration : 0
  /** The time that stays in place, and its distance from the left edge of the box in pixels. */
  const kept = useRef<{ readonly seconds: number; readonly at: number } | null>(null)

  const onScroll = useCallback(() => {
    const element = box.current
    if (element) setVisible({ left: element.scrollLeft, width: element.clientWidth - 2 * END_PX })
  }, [])

  useEffect(() => {
    const element = box.current
    if (!element) return
    useStage.getState().set({ zoom: 1 })
    const observer = new ResizeObserver(onScroll)
    observer.observe(element)
    return () => observer.disconnect()
  }, [onScroll])

  const drawn = useRef(0)
  useLayoutEffect(() => {
    const element = box.current
    if (!element || pixelsPerSecond === 0) return
    const seconds = usePlayer.getState().time
    const at = Math.min(Math.max(0, seconds * drawn.current - element.scrollLeft), element.clientWidth)
    const place = kept.current ?? { seconds, at }
    if (drawn.current !== 0 && drawn.current !== pixelsPerSecond) element.scrollLeft = place.seconds * pixelsPerSecond - place.at
    kept.current = null
    drawn.current = pixelsPerSecond
  }, [pixelsPerSecond])

  useEffect(
    () =>
      usePlayer.subscribe(({ time }, before) => {
        const element = box.current
        if (!element || time === before.time || pixelsPerSecond === 0) return
        const isVisible = (seconds: number) => {
          const x = seconds * pixelsPerSecond - element.scrollLeft
          return x >= 0 && x <= element.clientWidth
        }
        const follows = isVisible(before.time) || Math.abs(time - before.time) > JUMP_SECONDS
        if (follows && !isVisible(time)) element.scrollLeft = time * pixelsPerSecond - LEAD * element.clientWidth
      }),
    [pixelsPerSecond],
  )

  const zoomAt = useCallback(
    (factor: number, clientX: number) => {
      const element = box.current
      const { zoom: now, set } = useStage.getState()
      if (!element || drawn.current === 0) return
      const at = clientX - element.getBoundingClientRect().left - END_PX
      kept.current = { seconds: (element.scrollLeft + at) / drawn.current, at }
      set({ zoom: Math.min(highest, Math.max(1, Math.min(now, highest) * factor)) })
    },
    [highest],
  )

  const from = pixelsPerSecond === 0 ? 0 : visible.left / pixelsPerSecond
  const to = pixelsPerSecond === 0 ? duration : Math.min(duration, (visible.left + visible.width) / pixelsPerSecond)
  return { box, scale: { duration, width, pixelsPerSecond, from, to }, zoomAt, onScroll }
}
