import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { rulerStep, rulerTimes } from '../../lib/time-scale.ts'
import { clockText } from '../../lib/time-text.ts'

/** Times above the pictures. */
export function Ruler({ scale: { pixelsPerSecond, from, to, width } }: { readonly scale: TimeScale }) {
  if (pixelsPerSecond === 0) return <div className="h-5" />
  const step = rulerStep(pixelsPerSecond)
  return (
    <div aria-hidden="true" className="relative h-5 overflow-hidden text-note text-quiet tabular-nums">
      {rulerTimes(from, to, step).map((seconds) => {
        const left = seconds * pixelsPerSecond
        // The last label would be cut off.
        if (width - left < 36 && seconds > 0) return null
        return (
          <span key={seconds} className="absolute top-0 border-l border-edge pl-1 leading-4" style={{ left }}>
            {clockText(seconds, step < 1 ? 2 : 0)}
          </span>
        )
      })}
    </div>
  )
}
