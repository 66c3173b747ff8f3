import type { ClipEvents } from '../../shared/clip-events.ts'
import { clockTime } from '../sinks/srt.ts'
import { eventCues } from './cues.ts'
import { oneLine, textLines } from './plain-text.ts'
import { untimedNotes } from './timed-events.ts'

/** WebVTT, as browsers read it in a `<track>`. Everything else is written as comments. */
export function vtt(clip: ClipEvents): string {
  const notes = [...clip.notices, ...untimedNotes(clip)].map((note) => escaped(oneLine(note))).filter((note) => note !== '')
  const blocks = [
    'WEBVTT',
    ...(notes.length > 0 ? [`NOTE\n${notes.join('\n')}`] : []),
    ...eventCues(clip).map(
      ({ start, end, text }, i) => `${i + 1}\n${clockTime(start, '.')} --> ${clockTime(end, '.')}\n${escaped(textLines(text))}`,
    ),
  ]
  return `${blocks.join('\n\n')}\n`
}

/** Escapes tags; that also removes `-->`, which neither a subtitle nor a comment may contain. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
