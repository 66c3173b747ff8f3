import { Pause, Play, Plus, StepBack, StepForward } from 'lucide-react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { MAX_FRAMES } from '../../../shared/frame-request.ts'
import { useTimeline } from '../../hooks/use-timeline.ts'
import { frameAt, steppedTime } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { seekTo, usePlayer } from '../../stores/player.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { RangeRow } from './range-row.tsx'
import { Scrubber } from './scrubber.tsx'
import { TimeField } from './time-field.tsx'

/** Playback, frame stepping, time input, and the selected range. */
export function PlayerControls({ metadata }: { readonly metadata: ClipMetadata }) {
  const { video, playing, time, picked, togglePick } = usePlayer()
  const { duration } = metadata
  const timeline = useTimeline(metadata)
  const unavailable = video ? null : 'The video is still loading'
  const currentFrame = frameAt(time, timeline)
  const isPicked = picked.includes(currentFrame)
  const step = (frames: number) => seekTo(steppedTime(time, frames, timeline), duration)
  const pickWhy = !isPicked && picked.length >= MAX_FRAMES ? `A model can use at most ${MAX_FRAMES} frames` : null
  return (
    <div className="px-4 pt-2 pb-1">
      <Scrubber metadata={metadata} />
      <div className="flex items-center gap-0.5 pt-1">
        <IconButton
          icon={playing ? Pause : Play}
          label={playing ? 'Pause (space)' : 'Play (space)'}
          why={unavailable}
          onClick={() => (playing ? video?.pause() : video?.play())}
        />
        <IconButton icon={StepBack} label="Previous frame (←)" why={unavailable} onClick={() => step(-1)} />
        <IconButton icon={StepForward} label="Next frame (→)" why={unavailable} onClick={() => step(1)} />
        <TimeField label="Time" value={time} onChange={(seconds) => seekTo(seconds, duration)} />
        <span className="text-[0.75rem] whitespace-nowrap text-quiet tabular-nums">/ {clockText(duration)}</span>
        <span className="ml-auto text-[0.75rem] text-quiet tabular-nums max-[60rem]:sr-only">frame {currentFrame}</span>
        <IconButton
          icon={Plus}
          label={isPicked ? 'Remove this frame from the selection (P)' : 'Add this frame to the selection (P)'}
          aria-pressed={isPicked}
          why={pickWhy}
          onClick={() => togglePick(currentFrame)}
        />
      </div>
      <RangeRow metadata={metadata} />
    </div>
  )
}
