import { useFollowFrames } from '../../hooks/use-follow-frames.ts'
import { useMissingFile } from '../../hooks/use-missing-file.ts'
import { useClip } from '../../stores/clip.ts'
import { useStage } from '../../stores/stage.ts'
import { StartView } from '../start/start-view.tsx'
import { Timeline } from '../timeline/timeline.tsx'
import { ClipHeader } from './clip-header.tsx'
import { SidePanel } from './side-panel.tsx'
import { Stage } from './stage.tsx'
import { StageDivider } from './stage-divider.tsx'

/** The clip with its conversation beside it and the timeline below both; one below the other in a narrow window. The start page if no clip is open. */
export function ClipView() {
  const metadata = useClip((state) => state.metadata)
  const opening = useClip((state) => state.opening)
  const share = useStage((state) => state.share)
  useFollowFrames()
  useMissingFile()
  if (!metadata || opening) return <StartView />
  return (
    // What is typed or asked about a clip must not remain for another one.
    <div key={metadata.handle} className="flex h-full flex-col">
      <ClipHeader metadata={metadata} />
      <div
        className="min-h-0 flex-1 max-wide:flex max-wide:flex-col max-wide:gap-3 max-wide:overflow-y-auto wide:grid wide:grid-rows-[minmax(0,1fr)_auto]"
        style={{ gridTemplateColumns: `minmax(0, ${share}fr) auto minmax(20rem, ${1 - share}fr)` }}
      >
        <Stage metadata={metadata} />
        <div className="wide:col-span-3 wide:row-start-2 wide:px-4 wide:pb-4 max-wide:px-3">
          {metadata.kind === 'video' && metadata.duration > 0 && <Timeline metadata={metadata} />}
        </div>
        <StageDivider />
        <SidePanel metadata={metadata} />
      </div>
    </div>
  )
}
