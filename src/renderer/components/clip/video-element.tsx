import { useEffect, useRef } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { makePreview, useClip } from '../../stores/clip.ts'
import { usePlayer } from '../../stores/player.ts'

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
      request = element.requestVideoFrameCallback(shown)
    }
    request = element.requestVideoFrameCallback(shown)
    return () => {
      element.cancelVideoFrameCallback(request)
      attach(null)
      setPlaying(false)
    }
  }, [attach, at, setPlaying])
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
      preload="auto"
      onPlay={() => setPlaying(true)}
      onPause={() => setPlaying(false)}
      onError={unplayable}
      onClick={() => (video.current?.paused ? usePlayer.getState().video?.play() : video.current?.pause())}
    />
  )
}
