import type { ClipEvents } from '../../shared/clip-events.ts'
import { clipName } from './clip-file.ts'
import { oneLine } from './plain-text.ts'
import { timedEvents, untimedNotes } from './timed-events.ts'
import { frameAfter, frameAt, rateText, timecodeAt, timelineOf } from './timeline.ts'

/**
 * CMX3600 with one event per marker, as DaVinci Resolve imports timeline markers. It has one marker per frame, so events that start in the same frame
 * share one. Chapters are not in it.
 */
export function edl(clip: ClipEvents): string {
  const timeline = timelineOf(clip)
  const comments = [
    `Markers for a timeline of ${rateText(timeline.rate)} frames per second that starts at ${timecodeAt(timeline, 0)}.`,
    ...clip.notices,
    ...timeline.notices,
    ...untimedNotes(clip),
  ]
  const lines = [`TITLE: ${clipName(clip)}`, `FCM: ${timeline.dropFrame ? 'DROP FRAME' : 'NON-DROP FRAME'}`]
  const markers = new Map<number, { after: number; texts: string[] }>()
  for (const { start, end, text } of timedEvents(clip)) {
    const frame = frameAt(timeline, start)
    const marker = markers.get(frame) ?? { after: frame + 1, texts: [] }
    if (end !== null) marker.after = Math.max(marker.after, frameAfter(timeline, frame, end))
    marker.texts.push(text)
    markers.set(frame, marker)
  }
  let number = 0
  for (const [frame, { after, texts }] of markers) {
    const first = timecodeAt(timeline, frame)
    const next = timecodeAt(timeline, frame + 1)
    // A bar would start the next field.
    const name = texts.map((text) => oneLine(text).replaceAll('|', '¦')).join(' / ')
    lines.push('', `${String(++number).padStart(3, '0')}  001      V     C        ${first} ${next} ${first} ${next}  `)
    lines.push(` |C:ResolveColorBlue |M:${name} |D:${after - frame}`)
  }
  // Some readers accept comments only after an event.
  lines.push('', ...comments.map((comment) => `* ${oneLine(comment)}`))
  return `${lines.join('\r\n')}\r\n`
}
