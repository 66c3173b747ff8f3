import { type Cue, srtText } from '../jobs/sinks/srt.ts'
import type { StoredClip } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import type { TextFile } from '../shared/contract/base.ts'
import type { ExportFormat } from '../shared/contract/batch.ts'
import type { Turn } from '../shared/contract/chats.ts'
import { csvText } from '../shared/csv.ts'
import { assertNever } from '../shared/errors.ts'

/** Number of batch items read per query. */
const EXPORT_ROWS = 500

/** A conversation with its clip, for export. */
export interface ExportRecord {
  readonly chat: string
  readonly clip: StoredClip
  /** Turns with an answer. */
  readonly turns: readonly Turn[]
}

export function recordOf(library: Library, chat: string): ExportRecord {
  const { clip } = library.chats.summary(chat)
  return { chat, clip: library.clips.get(clip), turns: library.chats.turns(chat).filter(({ text }) => text !== '') }
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

/** Formats conversations as one text. SRT and plain text contain the first answer of each; other formats contain all turns. */
export function exportText(records: readonly ExportRecord[], format: ExportFormat, title: string): TextFile {
  const base =
    title
      .replace(/[^\p{L}\p{N} ._-]+/gu, ' ')
      .trim()
      .slice(0, 80) || 'tarsier'
  switch (format) {
    case 'txt':
      return {
        name: `${base}.txt`,
        mediaType: 'text/plain',
        text: records.map(({ clip, turns }) => `${clip.given}\n${turns[0]?.text ?? ''}\n`).join('\n'),
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

function rows({ chat, clip, turns }: ExportRecord) {
  return turns.map((turn) => ({
    file: clip.given,
    question: turn.question,
    answer: turn.text,
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

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}

function csv(records: readonly ReturnType<typeof rows>[number][]): string {
  const columns = ['file', 'question', 'answer', 'state', 'model', 'frames', 'width', 'height', 'finish', 'time', 'chat'] as const
  const text = (value: unknown) => (Array.isArray(value) ? value.join(' ') : String(value ?? ''))
  return csvText([columns, ...records.map((record) => columns.map((name) => text(record[name])))])
}

/** Concatenates the clips' subtitles; each clip's times start at 0. */
function srt(records: readonly ExportRecord[]): string {
  return srtText(records.flatMap(cuesOf))
}

/** One subtitle over the described range. `eventCues` makes those of a clip whose events are known. */
function cuesOf({ clip, turns: [turn] }: ExportRecord): Cue[] {
  const requested = turn?.settings.frames
  const range = requested && 'range' in requested && requested.range?.unit === 'seconds' ? requested.range : undefined
  const start = range?.start ?? 0
  return [{ start, end: Math.min(range?.end ?? clip.facts.duration, clip.facts.duration), text: turn?.text ?? '' }]
}

function markdown({ clip, turns }: ExportRecord): string {
  return `# ${clip.given}\n\n${turns.map(({ question, text, model }) => `**${question.replaceAll('\n', ' ')}**\n\n${text}\n\n*${model}*\n`).join('\n')}`
}
