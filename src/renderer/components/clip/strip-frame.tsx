import { X } from 'lucide-react'
import { memo } from 'react'
import type { ClipMetadata, FramePicture } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { useTimeline } from '../../hooks/use-timeline.ts'
import { frameAt } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { seekTo, usePlayer } from '../../stores/player.ts'
import { Jpeg } from './jpeg.tsx'

interface StripFrameProps {
  readonly picture: FramePicture
  readonly metadata: ClipMetadata
  /** Whether the frame can be removed. */
  readonly byHand: boolean
}

/** A frame of the filmstrip; a click seeks the player to it. */
export const StripFrame = memo(function StripFrame({ picture, metadata, byHand }: StripFrameProps) {
  const { index, time, done, of, jpeg } = picture
  const timeline = useTimeline(metadata)
  const current = usePlayer((state) => metadata.kind === 'video' && frameAt(state.time, timeline) === index)
  const togglePick = usePlayer((state) => state.togglePick)
  return (
    <li className="group relative">
      <button
        type="button"
        onClick={() => seekTo(time + 0.001, metadata.duration)}
        aria-current={current ? 'true' : undefined}
        className="block w-full overflow-hidden rounded-control bg-sunk transition-colors hover:bg-line aria-[current]:outline-2 aria-[current]:outline-accent"
      >
        <Jpeg jpeg={jpeg} label="" className="block aspect-video w-full object-contain" />
        <span className="flex justify-between px-1.5 py-0.5 text-note text-quiet tabular-nums">
          <span>
            <span className="sr-only">{t('Frame {done} of {of}, at {time}', { done, of, time: clockText(time) })}</span>
            <span aria-hidden="true">{clockText(time)}</span>
          </span>
          <span>#{index}</span>
        </span>
      </button>
      {byHand && (
        <button
          type="button"
          aria-label={t('Remove frame {done}, at {time}', { done, time: clockText(time) })}
          onClick={() => togglePick(index)}
          className="absolute top-1 right-1 grid size-6 place-items-center rounded-full bg-panel text-text shadow-panel hover:text-danger"
        >
          <X size={13} aria-hidden="true" />
        </button>
      )}
    </li>
  )
})
