import { useMemo } from 'react'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import type { Timeline } from '../lib/frame-step.ts'
import { useClip } from '../stores/clip.ts'

/** When the frames of the clip that is shown are. */
export function useTimeline(metadata: ClipMetadata): Timeline {
  const times = useClip((state) => state.frameTimes)
  return useMemo(() => ({ ...metadata, times }), [metadata, times])
}
