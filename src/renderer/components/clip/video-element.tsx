import { useEffect, useRef } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { makePreview, useClip } from '../../stores/clip.ts'
import { seekTo, usePlayer } from '../../stores/player.ts'
import { useStage } from '../../stores/stage.ts'

/** The video element. It registers its controls in the player store. */
export function VideoElement({ source, metadata }: { readonly source: string; readonly metadata: ClipMetadata }) {
  const video = useRef<HTMLVideoElement>(null)
  const attach = usePlayer((state) => state.attach)
  const at = usePlayer((state) => state.at)
  const setPlaying = usePlayer((state) => state.setPlaying)
  useEffect(() => {
    const element = video.current
    if (!element) return
    attach({
      play: () => void element.play().catch(() => setPlaying(false)),
      pause: () => element.pause(),
      seek: (seconds) => {
        element.currentTime = seconds
      },
    })
    // Called for every frame shown, so that the displayed time is that of the visible frame.
    let request = 0
    const shown: VideoFrameRequestCallback = (_now, { mediaTime }) => {
      at(mediaTime)
      repeatRange(element, mediaTime)
      request = element.requestVideoFrameCallback(shown)
    }
    request = element.requestVideoFrameCallback(shown)
    return () => {
      element.cancelVideoFrameCallback(request)
      attach(null)
      setPlaying(false)
    }
  }, [attach, at, setPlaying])
  const speed = useStage((state) => state.speed)
  const volume = useStage((state) => state.volume)
  const muted = useStage((state) => state.muted)
  const loop = useStage((state) => state.loop)
  useEffect(() => {
    const element = video.current
    if (element) Object.assign(element, { playbackRate: speed, volume, muted })
  }, [speed, volume, muted])
  const startAt = usePlayer((state) => state.startAt)
  useEffect(() => {
    if (startAt === null) return
    seekTo(startAt, metadata.duration)
    usePlayer.setState({ startAt: null })
  }, [startAt, metadata.duration])
  const unplayable = () => {
    // This browser cannot play a file that the service expected to be playable.
    if (useClip.getState().preview.kind === 'none') void makePreview(metadata.handle)
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: clips have no captions; this page exists to describe them.
    <video
      ref={video}
      src={source}
      aria-label={metadata.name}
      className="absolute inset-0 size-full object-contain"
      playsInline
      loop={loop}
      preload="auto"
      onPlay={() => setPlaying(true)}
      onPause={() => setPlaying(false)}
      onError={unplayable}
      onClick={() => (video.current?.paused ? usePlayer.getState().video?.play() : video.current?.pause())}
    />
  )
}

/** A frame of tolerance in seconds, because a player that was sent to a time shows the frame there, which may have begun earlier. */
const FRAME = 0.1

/** Goes back to the start of the selected range after its last frame, if it is repeated. The element repeats the whole clip by itself. */
function repeatRange(element: HTMLVideoElement, time: number): void {
  const { range } = usePlayer.getState()
  if (!useStage.getState().loop || !range || element.paused) return
  if (time > range.end || time < range.start - FRAME) element.currentTime = range.start
}
