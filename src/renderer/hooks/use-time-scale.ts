import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
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

/** What the box shows: pixels before its left edge, its width in pixels, and the magnification. */
interface Visible {
  readonly left: number
  readonly width: number
  readonly zoom: number
}

/** A time that stays in place, and its distance from the left edge of the box in pixels. */
interface Place {
  readonly seconds: number
  readonly at: number
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
  const highest = highestZoom(duration)
  const [visible, setVisible] = useState<Visible>({ left: 0, width: 0, zoom: 1 })
  /** What is to be shown, which is ahead of what is rendered while several changes are waiting for one rendering. */
  const wanted = useRef(visible)
  const rendered = useRef(visible)
  const kept = useRef<Place | null>(null)
  const pixelsPerSecond = duration > 0 ? (visible.width * visible.zoom) / duration : 0

  const change = useCallback((next: Visible) => {
    wanted.current = next
    setVisible(next)
  }, [])

  /** The position is calculated instead of read, so that the parts of the timeline are rendered once, at their new places. */
  const magnify = useCallback(
    (width: number, zoom: number) => {
      const before = wanted.current
      const perSecond = (width * zoom) / duration
      const place = kept.current ?? placeOfPlayer(before, duration)
      kept.current = null
      const left = before.width === 0 ? 0 : Math.min(Math.max(0, place.seconds * perSecond - place.at), width * (zoom - 1))
      change({ left, width, zoom })
    },
    [duration, change],
  )

  useLayoutEffect(() => {
    const element = box.current
    const { left, width, zoom } = visible
    if (element && (width !== rendered.current.width || zoom !== rendered.current.zoom)) element.scrollLeft = left
    rendered.current = visible
  }, [visible])

  const onScroll = useCallback(() => {
    const element = box.current
    const { left, width, zoom } = wanted.current
    // While a new magnification is waiting to be rendered, the box still has the position of the old one. Positions are rounded to pixels.
    if (!element || zoom !== rendered.current.zoom || width !== rendered.current.width || Math.abs(element.scrollLeft - left) < 1) return
    change({ left: element.scrollLeft, width, zoom })
  }, [change])

  useEffect(() => {
    const element = box.current
    if (!element) return
    useStage.getState().set({ zoom: 1 })
    const observer = new ResizeObserver(() => {
      const width = Math.max(0, element.clientWidth - 2 * END_PX)
      if (width !== wanted.current.width) magnify(width, wanted.current.zoom)
    })
    observer.observe(element)
    const stop = useStage.subscribe(({ zoom }, before) => {
      if (zoom !== before.zoom) magnify(wanted.current.width, Math.min(zoom, highest))
    })
    return () => {
      observer.disconnect()
      stop()
    }
  }, [magnify, highest])

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
      const { left, width, zoom } = wanted.current
      if (!element || width === 0) return
      const at = clientX - element.getBoundingClientRect().left - END_PX
      const next = Math.min(highest, Math.max(1, zoom * factor))
      if (next === zoom) return
      kept.current = { seconds: ((left + at) * duration) / (width * zoom), at }
      useStage.getState().set({ zoom: next })
    },
    [duration, highest],
  )

  const scale = useMemo(() => {
    const { left, width } = visible
    const from = pixelsPerSecond === 0 ? 0 : left / pixelsPerSecond
    const to = pixelsPerSecond === 0 ? duration : Math.min(duration, (left + width) / pixelsPerSecond)
    return { duration, width: pixelsPerSecond * duration, pixelsPerSecond, from, to }
  }, [visible, pixelsPerSecond, duration])
  return { box, scale, zoomAt, onScroll }
}

/** The player's time, or the edge of the box that is nearest to it. */
function placeOfPlayer({ left, width, zoom }: Visible, duration: number): Place {
  const { time: seconds } = usePlayer.getState()
  return { seconds, at: Math.min(Math.max(0, (seconds * width * zoom) / duration - left), width + 2 * END_PX) }
}
