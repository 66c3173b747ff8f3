import { useMemo } from 'react'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import type { Timeline } from '../lib/frame-step.ts'
import { useClip } from '../stores/clip.ts'

/** Returns the frame times of the open clip. */
export function useTimeline(metadata: ClipMetadata): Timeline {
  const times = useClip((state) => state.frameTimes)
  return useMemo(() => ({ ...metadata, times }), [metadata, times])
}
