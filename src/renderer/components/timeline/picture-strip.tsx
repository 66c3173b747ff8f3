import { useEffect, useMemo } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { shownSize } from '../../../shared/media-metadata.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { nearest } from '../../lib/time-scale.ts'
import { useChat } from '../../stores/chat.ts'
import { useFrames } from '../../stores/frames.ts'
import { useStrip } from '../../stores/strip.ts'
import { StripCell } from './strip-cell.tsx'

const HEIGHT_PX = 50
/** Limits of the ratio of a cell's sides; wider or higher pictures are cut. */
const LEAST_RATIO = 0.8
const MOST_RATIO = 1.78
/** Debounces scrolling and zooming. */
const DEBOUNCE_MS = 300

/** Pictures of the clip along the timeline. Frames that the model receives are shown first; pictures between them are loaded once no answer is running. */
export function PictureStrip({ metadata, scale }: { readonly metadata: ClipMetadata; readonly scale: TimeScale }) {
  const { handle, duration, present } = metadata
  const shown = shownSize(metadata)
  const shape = shown.width / shown.height
  const ratio = Math.min(MOST_RATIO, Math.max(LEAST_RATIO, shape))
  const count = Math.max(1, Math.round(scale.width / (HEIGHT_PX * ratio)))
  const each = duration / count
  const first = Math.max(0, Math.floor(scale.from / each))
  const last = Math.min(count - 1, Math.floor(scale.to / each))
  const seen = useFrames((state) => state.pictures)
  const loaded = useStrip((state) => (state.handle === handle ? state.pictures : null))
  const pictures = useMemo(() => [...seen, ...(loaded ?? [])].sort((a, b) => a.time - b.time), [seen, loaded])
  const idle = useChat((state) => state.run === null)
  const complete = useFrames((state) => state.of > 0 && state.pictures.length === state.of)
  const load = useStrip((state) => state.load)
  // biome-ignore lint/correctness/useExhaustiveDependencies: pictures that arrive need no further request.
  useEffect(() => {
    if (!present || !idle || !complete || scale.width === 0) return
    const timer = setTimeout(() => {
      const times = cells(first, last).map((cell) => (cell + 0.5) * each)
      const isMissing = (time: number) => {
        const found = nearest(pictures, time, (picture) => picture.time)
        return found === undefined || Math.abs(found.time - time) > each / 2
      }
      void load(handle, times.filter(isMissing))
    }, DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [handle, present, idle, complete, first, last, count, load])
  return (
    <div aria-hidden="true" className="relative h-full overflow-hidden rounded-control bg-sunk">
      {cells(first, last).map((cell) => {
        const picture = nearest(pictures, (cell + 0.5) * each, ({ time }) => time)
        return (
          <div key={cell} className="absolute inset-y-0" style={{ left: (cell * scale.width) / count, width: scale.width / count + 0.5 }}>
            {picture && <StripCell picture={picture} shape={shape} height={HEIGHT_PX} leastRatio={LEAST_RATIO} />}
          </div>
        )
      })}
    </div>
  )
}

function cells(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}
