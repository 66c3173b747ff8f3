import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { usePlayerKeys } from '../../hooks/use-player-keys.ts'
import { makePreview, useClip } from '../../stores/clip.ts'
import { clipUrl } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { PlayerControls } from './player-controls.tsx'
import { Thumbnail } from './thumbnail.tsx'
import { VideoElement } from './video-element.tsx'

/** Video player. If the browser cannot play the file, it shows a preview once that has been generated. */
export function Player({ metadata }: { readonly metadata: ClipMetadata }) {
  usePlayerKeys(metadata)
  return (
    <div>
      <div className="relative aspect-video max-h-[38vh] w-full overflow-hidden bg-black">
        <Picture metadata={metadata} />
      </div>
      {metadata.kind === 'video' && <PlayerControls metadata={metadata} />}
      {metadata.kind !== 'video' && <div className="h-2" />}
    </div>
  )
}

function Picture({ metadata }: { readonly metadata: ClipMetadata }) {
  const preview = useClip((state) => state.preview)
  const { handle, kind, name } = metadata
  if (preview.kind === 'making') {
    return (
      <>
        <Thumbnail handle={handle} className="absolute inset-0 size-full object-contain opacity-60" />
        <div className="absolute inset-x-6 bottom-5 grid gap-1.5 rounded-lg bg-raised px-3 py-2 text-[0.75rem]">
          <span>Browsers cannot play this file. A preview is being created. The model uses the original file.</span>
          <ProgressBar value={preview.value} label="Creating a preview" />
        </div>
      </>
    )
  }
  if (preview.kind === 'failed') {
    return (
      <>
        <Thumbnail handle={handle} className="absolute inset-0 size-full object-contain opacity-60" />
        <div className="absolute inset-4 grid content-center">
          <FailureNotice error={preview.error} can={{ retry: () => void makePreview(handle) }} />
        </div>
      </>
    )
  }
  const source = clipUrl(handle, preview.kind === 'ready' ? 'preview' : 'file')
  if (kind === 'video') return <VideoElement key={source} source={source} metadata={metadata} />
  return <img src={source} alt={name} className="absolute inset-0 size-full object-contain" />
}
