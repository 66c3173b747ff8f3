import { eventCues } from '../jobs/event-formats/cues.ts'
import { vtt } from '../jobs/event-formats/vtt.ts'
import { srtText } from '../jobs/sinks/srt.ts'
import type { StoredClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import type { ClipEvents } from '../shared/clip-events.ts'
import type { TextFile } from '../shared/contract/base.ts'
import type { ExportFormat, SidecarFormat } from '../shared/contract/batch.ts'
import type { Turn } from '../shared/contract/chats.ts'
import { csvText } from '../shared/csv.ts'
import { assertNever, TarsierError } from '../shared/errors.ts'
import { fileNamePart } from '../shared/file-name.ts'
import { captionOf } from '../shared/shaping/shaped-answer.ts'
import { answerEvents, storedEventsOf, withoutEvents } from './events-of.ts'

/** Number of batch items read per query. */
const EXPORT_ROWS = 500

/** A conversation with its clip, for export. */
export interface ExportRecord {
  /** Null for a clip without a conversation. */
  readonly chat: string | null
  readonly clip: StoredClip
  /** Turns with an answer. */
  readonly turns: readonly Turn[]
  /** The stored events of the clip; null if there are none. */
  readonly events: ClipEvents | null
}

export function recordOf(library: Library, chat: string): ExportRecord {
  const clip = library.clips.get(library.chats.summary(chat).clip)
  const turns = library.chats.turns(chat).filter(({ text }) => text !== '')
  return { chat, clip, turns, events: storedEventsOf(library, clip) }
}

/** A clip that no conversation is about; what is known of it are its events. */
export function recordOfClip(library: Library, clip: StoredClip): ExportRecord {
  return { chat: null, clip, turns: [], events: storedEventsOf(library, clip) }
}

/** Returns the answers of a batch, in the order of its clips. */
export function recordsOfBatch(library: Library, batch: string): ExportRecord[] {
  const records: ExportRecord[] = []
  for (let offset = 0; ; offset += EXPORT_ROWS) {
    const { items } = library.batches.items(batch, { limit: EXPORT_ROWS, offset })
    for (const { chat, state } of items)
      if (chat !== null && (state === 'done' || state === 'skipped')) records.push(recordOf(library, chat))
    if (items.length < EXPORT_ROWS) return records
  }
}

/**
 * Formats conversations as one text. Plain text contains the first answer of each, in its shape if one was wanted; other formats contain all turns with
 * both texts. SRT contains the subtitles of one clip. Throws `format-unsuitable` for SRT of several clips, whose times would all count from the start of
 * the same file.
 */
export function exportText(records: readonly ExportRecord[], format: ExportFormat, title: string): TextFile {
  const base = fileNamePart(title, ' ') || 'tarsier'
  switch (format) {
    case 'txt':
      return {
        name: `${base}.txt`,
        mediaType: 'text/plain',
        text: records.map(({ clip, turns, events }) => `${clip.given}\n${captionIn(turns) ?? events?.summary ?? ''}\n`).join('\n'),
      }
    case 'jsonl':
      return { name: `${base}.jsonl`, mediaType: 'application/jsonl', text: lines(records.flatMap(rows).map((row) => JSON.stringify(row))) }
    case 'csv':
      return { name: `${base}.csv`, mediaType: 'text/csv', text: csv(records.flatMap(rows)) }
    case 'srt':
      return { name: `${base}.srt`, mediaType: 'application/x-subrip', text: srt(records) }
    case 'markdown':
      return { name: `${base}.md`, mediaType: 'text/markdown', text: records.map(markdown).join('\n') }
    default:
      return assertNever(format, 'export format')
  }
}

/** A row for each answer; for a clip without a conversation one with the summary of its events. */
function rows({ chat, clip, turns, events }: ExportRecord) {
  if (chat === null && events) return [summaryRow(clip, events)]
  return turns.map((turn) => ({
    file: clip.given,
    question: turn.question,
    answer: turn.text,
    ...shapedFields(turn),
    state: turn.state,
    model: turn.model,
    frames: turn.answer?.frames.map(({ time }) => Number(time.toFixed(3))) ?? [],
    width: turn.answer?.width ?? null,
    height: turn.answer?.height ?? null,
    finish: turn.answer?.finish ?? null,
    time: new Date(turn.created).toISOString(),
    chat,
  }))
}

/** The text in its shape, the rules that it does not keep, and what a text model wrote; null where that was not wanted. */
function shapedFields({ answer }: Turn) {
  const { text = null, shape = null, unmet = [], rewritten = null } = answer?.shaped ?? {}
  return { shaped: text, shape, unmet, rewritten }
}

/** The first answer in its shape. */
function captionIn([first]: readonly Turn[]): string | undefined {
  return first && captionOf(first.text, first.answer?.shaped)
}

function summaryRow({ given }: StoredClip, { model, summary }: ClipEvents) {
  const unknown = { shaped: null, shape: null, unmet: [], rewritten: null, width: null, height: null, finish: null, time: '', chat: null }
  return { file: given, question: '', answer: summary ?? '', state: 'done' as const, model, frames: [], ...unknown }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}

function csv(records: readonly ReturnType<typeof rows>[number][]): string {
  const columns = [
    'file',
    'question',
    'answer',
    'shaped',
    'shape',
    'unmet',
    'state',
    'model',
    'frames',
    'width',
    'height',
    'finish',
    'time',
    'chat',
  ] as const
  const text = (value: unknown) => (Array.isArray(value) ? value.join(' ') : String(value ?? ''))
  return csvText([columns, ...records.map((record) => columns.map((name) => text(record[name])))])
}

function srt(records: readonly ExportRecord[]): string {
  const clips = new Map(records.map((record) => [record.clip.id, record]))
  if (clips.size > 1)
    throw new TarsierError(
      'format-unsuitable',
      'Subtitles of several clips cannot be in one file, because the times of each start at 0. Save a .srt file beside each clip, or export one clip.',
    )
  return srtText([...clips.values()].flatMap((record) => eventCues(cuesOf(record))))
}

/** Text of the file beside a clip: its first answer, or its subtitles. */
export function sidecarText(record: ExportRecord, format: SidecarFormat): string {
  switch (format) {
    case 'txt':
      return captionIn(record.turns) ?? ''
    case 'json':
      return JSON.stringify(rows(record)[0] ?? null)
    case 'srt':
      return srtText(eventCues(cuesOf(record))).trimEnd()
    case 'vtt':
      return vtt(cuesOf(record)).trimEnd()
    default:
      return assertNever(format, 'sidecar format')
  }
}

/** What a clip's subtitles show: its stored events, else the clauses of its first answer, else that answer over the described range. */
function cuesOf(record: ExportRecord): ClipEvents {
  const {
    clip,
    turns: [turn],
    events,
  } = record
  if (events?.events.some(({ start }) => start !== null)) return events
  const timed = turn?.timed
  if (turn && timed?.clauses.some(({ begins }) => begins !== null)) return answerEvents(clip, turn.model, timed)
  const requested = turn?.settings.frames
  const range = requested && 'range' in requested && requested.range?.unit === 'seconds' ? requested.range : undefined
  const { duration } = clip.facts
  const start = Math.min(range?.start ?? 0, duration)
  const end = Math.max(start, Math.min(range?.end ?? duration, duration))
  const text = captionIn(record.turns) ?? ''
  return { ...withoutEvents(clip), segments: [{ start, end, text }], events: [{ start, end, text, confidence: 0, segment: 0 }] }
}

function markdownTurn({ question, text, model, answer }: Turn): string {
  const shaped = answer?.shaped ? `${answer.shaped.text}\n\n*in the shape ${answer.shaped.shape}*\n\n` : ''
  return `**${question.replaceAll('\n', ' ')}**\n\n${shaped}${text}\n\n*${model}*\n`
}

function markdown({ chat, clip, turns, events }: ExportRecord): string {
  if (chat === null && events) return `# ${clip.given}\n\n${events.summary ?? ''}\n\n*${events.model}*\n`
  return `# ${clip.given}\n\n${turns.map(markdownTurn).join('\n')}`
}
