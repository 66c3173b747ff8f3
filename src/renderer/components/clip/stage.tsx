import { useRef } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { shownSize } from '../../../shared/media-metadata.ts'
import { t } from '../../../shared/text.ts'
import { usePlayerKeys } from '../../hooks/use-player-keys.ts'
import { useShownEvents } from '../../hooks/use-shown-events.ts'
import { spans } from '../../lib/event-track.ts'
import { makePreview, useClip } from '../../stores/clip.ts'
import { usePlayer } from '../../stores/player.ts'
import { useStage } from '../../stores/stage.ts'
import { clipUrl } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { MissingFile } from './missing-file.tsx'
import { PlayerControls } from './player-controls.tsx'
import { Thumbnail } from './thumbnail.tsx'
import { VideoElement } from './video-element.tsx'

/** The clip in its own aspect, as large as there is room for, with the controls of the player. */
export function Stage({ metadata }: { readonly metadata: ClipMetadata }) {
  const stage = useRef<HTMLElement>(null)
  usePlayerKeys(metadata, () => toggleFullScreen(stage.current))
  const { kind, present } = metadata
  const { width, height } = shownSize(metadata)
  return (
    <section
      ref={stage}
      aria-label={t('Clip')}
      className="flex min-h-0 min-w-0 flex-col bg-ground max-wide:shrink-0 wide:col-start-1 wide:row-start-1 wide:px-4 wide:pt-4"
    >
      {present ? (
        <div className="stage-room min-h-0 flex-1" style={{ '--stage-ratio': `${width / height}` } as React.CSSProperties}>
          <div className="stage-picture relative overflow-hidden bg-black wide:rounded-panel wide:shadow-panel">
            <Picture metadata={metadata} />
            {kind === 'video' && <Caption metadata={metadata} />}
          </div>
        </div>
      ) : (
        <div className="grid min-h-0 flex-1 content-center py-4">
          <MissingFile metadata={metadata} />
        </div>
      )}
      {kind === 'video' && present ? (
        <PlayerControls metadata={metadata} onFullScreen={() => toggleFullScreen(stage.current)} />
      ) : (
        <div className="h-4" />
      )}
    </section>
  )
}

function toggleFullScreen(element: HTMLElement | null): void {
  // A refusal, for example by a frame around the page, leaves everything as it is.
  const change = document.fullscreenElement ? document.exitFullscreen() : element?.requestFullscreen()
  change?.catch(() => {})
}

/** The event that plays now, as a sentence over the video. */
function Caption({ metadata }: { readonly metadata: ClipMetadata }) {
  const shown = useShownEvents(metadata)
  const on = useStage((state) => state.captions)
  const index = usePlayer(({ time }) => shown?.spans.findLast((span) => spans(span, time))?.index)
  const event = index === undefined ? undefined : shown?.events[index]
  const text = event?.caption ?? event?.text
  if (!on || !text) return null
  return (
    <p
      data-testid="caption"
      aria-hidden="true"
      className="pointer-events-none absolute inset-x-0 bottom-0 bg-linear-to-t from-black/85 to-transparent px-5 pt-10 pb-4 font-semibold text-white max-wide:px-3.5 max-wide:pb-2.5 max-wide:text-control"
    >
      {text}
    </p>
  )
}

/** The player; if the browser cannot play the file, a preview once that has been generated. */
function Picture({ metadata }: { readonly metadata: ClipMetadata }) {
  const preview = useClip((state) => state.preview)
  const { handle, kind, name } = metadata
  if (preview.kind === 'making') {
    return (
      <>
        <Thumbnail handle={handle} className="absolute inset-0 size-full object-contain opacity-60" />
        <div className="absolute inset-x-4 bottom-4 grid gap-1.5 rounded-control bg-panel px-3 py-2 text-note">
          <span>{t('Browsers cannot play this file. A preview is being created. The model uses the original file.')}</span>
          <ProgressBar value={preview.value} label={t('Creating a preview')} />
        </div>
      </>
    )
  }
  if (preview.kind === 'failed') {
    return (
      <>
        <Thumbnail handle={handle} className="absolute inset-0 size-full object-contain opacity-60" />
        {/* An outage has its own message, and the player returns after it. */}
        {preview.error.code !== 'service-lost' && (
          <div className="absolute inset-4 grid content-center">
            <FailureNotice error={preview.error} can={{ retry: () => void makePreview(handle) }} />
          </div>
        )}
      </>
    )
  }
  const source = clipUrl(handle, preview.kind === 'ready' ? 'preview' : 'file')
  if (kind === 'video') return <VideoElement key={source} source={source} metadata={metadata} />
  return <img src={source} alt={name} className="absolute inset-0 size-full object-contain" />
}
