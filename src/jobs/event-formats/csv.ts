import type { ClipEvents } from '../../shared/clip-events.ts'
import { csvText } from '../../shared/csv.ts'
import { frameAfter, frameAt, timecodeAt, timelineOf } from './timeline.ts'

const COLUMNS = ['file', 'event', 'start', 'end', 'start timecode', 'end timecode', 'confidence', 'segment', 'text'] as const

/** One row per event, for spreadsheets. Cells of times that are not known are empty. The end is the first frame after the event. */
export function csv(clip: ClipEvents): string {
  const timeline = clip.frameRate && timelineOf(clip)
  const rows = clip.events.map(({ text, start, end, confidence, segment }, i) => {
    const first = timeline && start !== null ? frameAt(timeline, start) : null
    return {
      file: clip.file,
      event: i + 1,
      start: start === null ? '' : seconds(start),
      end: end === null ? '' : seconds(end),
      'start timecode': timeline && first !== null ? timecodeAt(timeline, first) : '',
      'end timecode': timeline && first !== null && end !== null ? timecodeAt(timeline, frameAfter(timeline, first, end)) : '',
      confidence: Number(confidence.toFixed(3)),
      segment: segment + 1,
      text,
    } satisfies Record<(typeof COLUMNS)[number], string | number>
  })
  return csvText([COLUMNS, ...rows.map((row) => COLUMNS.map((name) => String(row[name])))])
}

function seconds(value: number): number {
  return Number(value.toFixed(6))
}
