import type { ClipEvents } from '../../shared/clip-events.ts'
import { srtText } from '../sinks/srt.ts'
import { eventCues } from './cues.ts'

/** SubRip. It has no comments, so events without a time are not in it. */
export function srt(clip: ClipEvents): string {
  return srtText(eventCues(clip))
}
