import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import type { TimeScale } from '../../hooks/use-time-scale.ts'
import { clockText } from '../../lib/time-text.ts'
import { useFrames } from '../../stores/frames.ts'
import { seekTo } from '../../stores/player.ts'

/** A dot for each frame that the model receives, or received for the answer whose frames are shown. */
export function FrameDots({ metadata: { duration }, scale }: { readonly metadata: ClipMetadata; readonly scale: TimeScale }) {
  const pictures = useFrames((state) => state.pictures)
  return (
    <div
      role="img"
      aria-label={t('{count} frames for the model. The Frames tab lists them.', { count: pictures.length })}
      className="relative h-4"
    >
      {pictures.map(({ time, done, of }) => (
        <span
          key={done}
          title={t('Frame {done} of {of}, at {time}', { done, of, time: clockText(time) })}
          data-frame={done}
          onPointerDown={(event) => {
            event.stopPropagation()
            seekTo(time + 0.001, duration)
          }}
          className="absolute top-1.5 size-1.5 -translate-x-1/2 rounded-full bg-accent before:absolute before:-inset-2"
          style={{ left: Math.min(Math.max(3, time * scale.pixelsPerSecond), Math.max(3, scale.width - 3)) }}
        />
      ))}
    </div>
  )
}
