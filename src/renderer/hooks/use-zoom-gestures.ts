import { type RefObject, useEffect } from 'react'

/** Change of the magnification for one pixel of the wheel. */
const WHEEL_BASE = 1.01

/**
 * Calls `zoomAt` with a factor and a place (`clientX`) for Ctrl or Command with the wheel, which is also what a trackpad's pinch sends, and for a pinch
 * with two fingers on a touch screen.
 */
export function useZoomGestures(box: RefObject<HTMLElement | null>, zoomAt: (factor: number, clientX: number) => void): void {
  useEffect(() => {
    const element = box.current
    if (!element) return
    // React listens to the wheel passively, which could not keep the browser from zooming the page.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      zoomAt(WHEEL_BASE ** -event.deltaY, event.clientX)
    }
    const fingers = new Map<number, { readonly x: number; readonly y: number }>()
    const span = () => {
      const [a, b] = [...fingers.values()]
      return a && b ? { width: Math.hypot(a.x - b.x, a.y - b.y), middle: (a.x + b.x) / 2 } : null
    }
    const onDown = (event: PointerEvent) => {
      if (event.pointerType === 'touch') fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    }
    const onMove = (event: PointerEvent) => {
      if (!fingers.has(event.pointerId)) return
      const before = span()
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
      const now = span()
      if (before && now && before.width > 0 && now.width > 0) zoomAt(now.width / before.width, now.middle)
    }
    const onUp = (event: PointerEvent) => fingers.delete(event.pointerId)
    element.addEventListener('wheel', onWheel, { passive: false })
    element.addEventListener('pointerdown', onDown)
    element.addEventListener('pointermove', onMove)
    element.addEventListener('pointerup', onUp)
    element.addEventListener('pointercancel', onUp)
    return () => {
      element.removeEventListener('wheel', onWheel)
      element.removeEventListener('pointerdown', onDown)
      element.removeEventListener('pointermove', onMove)
      element.removeEventListener('pointerup', onUp)
      element.removeEventListener('pointercancel', onUp)
    }
  }, [box, zoomAt])
}
