import { useFollowFrames } from '../../hooks/use-follow-frames.ts'
import { useMissingFile } from '../../hooks/use-missing-file.ts'
import { useClip } from '../../stores/clip.ts'
import { ChatPanel } from '../chat/chat-panel.tsx'
import { StartView } from '../start/start-view.tsx'
import { ClipPanel } from './clip-panel.tsx'

/** The clip and its conversation side by side, or the start page if no clip is open. */
export function ClipView() {
  const metadata = useClip((state) => state.metadata)
  const opening = useClip((state) => state.opening)
  useFollowFrames()
  useMissingFile()
  if (!metadata || opening) return <StartView />
  return (
    <div className="grid h-full grid-cols-[minmax(17.5rem,38%)_minmax(0,1fr)] min-[110rem]:grid-cols-[42rem_minmax(0,1fr)]">
      <ClipPanel metadata={metadata} />
      <ChatPanel metadata={metadata} />
    </div>
  )
}
