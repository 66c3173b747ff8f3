import { Captions, Maximize, Pause, Play, Plus, Repeat, StepBack, StepForward, Volume2, VolumeX } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { MAX_FRAMES } from '../../../shared/frame-request.ts'
import { t } from '../../../shared/text.ts'
import { useTimeline } from '../../hooks/use-timeline.ts'
import { frameAt, steppedTime, type Timeline } from '../../lib/frame-step.ts'
import { clockText } from '../../lib/time-text.ts'
import { seekTo, usePlayer } from '../../stores/player.ts'
import { speeds, useStage } from '../../stores/stage.ts'
import { Hint } from '../ui/hint.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { menuBox, menuItem } from '../ui/menu-look.ts'
import { TimeField } from './time-field.tsx'

interface PlayerControlsProps {
  readonly metadata: ClipMetadata
  readonly onFullScreen: () => void
}

/** Playback, frame stepping, time, repetition, speed, sound, captions and full screen. */
export function PlayerControls({ metadata, onFullScreen }: PlayerControlsProps) {
  const video = usePlayer((state) => state.video)
  const loop = useStage((state) => state.loop)
  const captions = useStage((state) => state.captions)
  const set = useStage((state) => state.set)
  const timeline = useTimeline(metadata)
  const unavailable = video ? null : t('The video is still loading')
  const step = (frames: number) => seekTo(steppedTime(usePlayer.getState().time, frames, timeline), metadata.duration)
  return (
    <div className="@container shrink-0">
      <div className="flex min-h-13 flex-wrap items-center gap-x-1 py-1.5 max-wide:px-2">
        <IconButton icon={StepBack} label={t('Previous frame (←)')} why={unavailable} onClick={() => step(-1)} />
        <PlayButton />
        <IconButton icon={StepForward} label={t('Next frame (→)')} why={unavailable} onClick={() => step(1)} />
        <CurrentTime duration={metadata.duration} timeline={timeline} />
        <div className="ml-auto flex items-center gap-0.5">
          <PickButton timeline={timeline} />
          <IconButton icon={Repeat} label={t('Repeat the range (L)')} aria-pressed={loop} onClick={() => set({ loop: !loop })} />
          <IconButton icon={Captions} label={t('Captions (C)')} aria-pressed={captions} onClick={() => set({ captions: !captions })} />
          <SpeedMenu />
          <Sound />
          <IconButton icon={Maximize} label={t('Full screen (F)')} onClick={onFullScreen} />
        </div>
      </div>
    </div>
  )
}

/** The player's time and frame. It is apart from the buttons, because it changes with every frame of the clip. */
function CurrentTime({ duration, timeline }: { readonly duration: number; readonly timeline: Timeline }) {
  const time = usePlayer((state) => state.time)
  return (
    <>
      <TimeField label={t('Time')} value={time} onChange={(seconds) => seekTo(seconds, duration)} strong />
      <span className="text-control whitespace-nowrap text-quiet tabular-nums">
        / {clockText(duration)} · <span>{t('frame {index}', { index: frameAt(time, timeline) })}</span>
      </span>
    </>
  )
}

function PickButton({ timeline }: { readonly timeline: Timeline }) {
  const isPicked = usePlayer(({ picked, time }) => picked.length > 0 && picked.includes(frameAt(time, timeline)))
  const isFull = usePlayer(({ picked }) => picked.length >= MAX_FRAMES)
  const pick = () => {
    const { time, togglePick } = usePlayer.getState()
    togglePick(frameAt(time, timeline))
  }
  return (
    <IconButton
      icon={Plus}
      label={isPicked ? t('Remove this frame from the selection (P)') : t('Add this frame to the selection (P)')}
      aria-pressed={isPicked}
      why={!isPicked && isFull ? t('A model can use at most {count} frames', { count: MAX_FRAMES }) : null}
      onClick={pick}
    />
  )
}

function PlayButton() {
  const video = usePlayer((state) => state.video)
  const playing = usePlayer((state) => state.playing)
  const label = playing ? t('Pause (space)') : t('Play (space)')
  const why = video ? null : t('The video is still loading')
  const Icon = playing ? Pause : Play
  return (
    <Hint text={why ?? label}>
      <button
        type="button"
        aria-label={label}
        aria-disabled={why ? true : undefined}
        onClick={() => (playing ? video?.pause() : video?.play())}
        className="mx-1 grid size-9 shrink-0 place-items-center rounded-full bg-text text-ground transition-opacity hover:opacity-85 aria-disabled:cursor-not-allowed aria-disabled:opacity-60"
      >
        <Icon size={15} aria-hidden="true" fill="currentColor" strokeWidth={1.5} className={playing ? '' : 'translate-x-px'} />
      </button>
    </Hint>
  )
}

function SpeedMenu() {
  const speed = useStage((state) => state.speed)
  const set = useStage((state) => state.set)
  const [open, setOpen] = useState(false)
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={setOpen}>
      <DropdownMenu.Trigger
        aria-label={t('Speed: {speed}×', { speed })}
        className="min-h-8 min-w-9 rounded-control px-1.5 text-control font-medium text-quiet hover:bg-sunk hover:text-text"
      >
        {speed}×
      </DropdownMenu.Trigger>
      {/* In full screen nothing outside of the full-screen element is visible. */}
      <DropdownMenu.Portal container={document.fullscreenElement}>
        <DropdownMenu.Content align="center" side="top" sideOffset={6} className={`${menuBox} min-w-20`}>
          <DropdownMenu.RadioGroup value={String(speed)} onValueChange={(value) => set({ speed: Number(value) })}>
            {speeds.map((each) => (
              <DropdownMenu.RadioItem key={each} value={String(each)} className={`${menuItem} data-[state=checked]:text-accent`}>
                {each}×
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function Sound() {
  const volume = useStage((state) => state.volume)
  const muted = useStage((state) => state.muted)
  const set = useStage((state) => state.set)
  const silent = muted || volume === 0
  return (
    <>
      <IconButton
        icon={silent ? VolumeX : Volume2}
        label={silent ? t('Turn the sound on (M)') : t('Mute (M)')}
        onClick={() => set(silent ? { muted: false, volume: volume || 1 } : { muted: true })}
      />
      <input
        type="range"
        aria-label={t('Volume')}
        aria-valuetext={t('{percent} percent', { percent: Math.round((silent ? 0 : volume) * 100) })}
        className="slider w-16 @max-2xl:hidden"
        min={0}
        max={1}
        step={0.05}
        value={silent ? 0 : volume}
        onChange={({ target }) => set({ volume: Number(target.value), muted: false })}
      />
    </>
  )
}
