import { useEffect, useRef } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { makePreview, useClip } from '../../stores/clip.ts'
import { usePlayer } from '../../stores/player.ts'

/** The moving picture, and its hand for the rest of the page. */
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
    // Told for every picture that is shown, so that the time beside the film is that of its frame.
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
    // What the service thought a browser plays, this one does not.
    if (useClip.getState().preview.kind === 'none') void makePreview(metadata.handle)
  }
  return (
    // biome-ignore lint/a11y/useMediaCaption: clips have no captions; describing them is what this page is for.
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
