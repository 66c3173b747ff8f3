import type { ClipEvents } from '../../shared/clip-events.ts'
import { clockTime } from '../sinks/srt.ts'
import { clipName } from './clip-file.ts'
import { oneLine } from './plain-text.ts'
import { timedEvents, untimedEvents } from './timed-events.ts'
import { frameAt, timecodeAt, timelineOf } from './timeline.ts'

/** A table of the events, for people. */
export function markdown(clip: ClipEvents): string {
  const timeline = clip.frameRate && timelineOf(clip)
  const timed = timedEvents(clip).map(({ start, end, text, confidence }) => [
    clockTime(start, '.'),
    end === null ? '' : clockTime(end, '.'),
    timeline ? timecodeAt(timeline, frameAt(timeline, start)) : '',
    escaped(text),
    percent(confidence),
  ])
  const untimed = untimedEvents(clip)
  const blocks = [
    `# ${escaped(clipName(clip))}`,
    ...(clip.summary === null ? [] : [escaped(clip.summary)]),
    ...section(
      '## Chapters',
      clip.chapters.map(({ start, title }) => `- ${clockTime(start, '.')} ${escaped(title)}`),
    ),
    ...section('## Events', timed.length === 0 ? [] : table(['Start', 'End', 'Timecode', 'Event', 'Confidence'], timed)),
    ...section(
      '## Without a clear time',
      untimed.map(({ text, confidence }) => `- ${escaped(text)} (${percent(confidence)})`),
    ),
    ...section(
      '## Notes',
      [...clip.notices, ...(timeline?.notices ?? [])].map((notice) => `- ${escaped(notice)}`),
    ),
    `*${escaped(clip.model)}*`,
  ]
  return `${blocks.join('\n\n')}\n`
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, lines.join('\n')]
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

function percent(confidence: number): string {
  return `${Math.round(confidence * 100)} %`
}

/** Text on one line that shows as it is: no markup, HTML or table cells. */
function escaped(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>#|~&$]/g, '\\$&')
}
