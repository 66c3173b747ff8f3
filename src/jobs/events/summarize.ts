import type { EngineClient } from '../../engine/engine-client.ts'
import type { Chapter, Segment } from '../../shared/clip-events.ts'
import { isAbort } from '../../shared/errors.ts'
import { samplingSchema } from '../../shared/sampling.ts'
import { sentencesOf } from '../../shared/shaping/sentences.ts'
import { wellFormed } from '../event-formats/plain-text.ts'

/** Longest answer, in tokens. */
const MAX_ANSWER = 512
/** Tokens for the template and the model's system message. */
const OVERHEAD = 256
/** Bytes per token are about 4 for English, and at least 2 in all but few texts. */
const BYTES_PER_TOKEN = 2
/** Models lose track of longer lists, and a long prompt takes minutes on a CPU. */
const MAX_PROMPT_BYTES = 12_000
/** Longest part of a segment's text, in bytes, and as a share of a prompt, so that several segments fit into each. */
const MAX_TEXT_BYTES = 1500
const MAX_TEXT_SHARE = 0.2
/** Models with less room for texts are not asked. */
const MIN_ROOM = 1000
const MAX_TITLE = 100
const MAX_SUMMARY = 4000

export interface Summary {
  readonly chapters: readonly Chapter[]
  readonly summary: string
}

export interface SummaryRequest {
  /** Name of the conversation; it is closed at the end. */
  readonly conversation: string
  /** Segments with a description. */
  readonly segments: readonly Segment[]
  /** Maximum number of tokens in a conversation of the model. */
  readonly context: number
  readonly report: (progress: { readonly done: number; readonly of: number }) => void
}

/**
 * Lets a model group the segments of a clip into chapters, and summarize the clip, from the segments' descriptions: parts that fit into the model's context
 * first, then their summaries. Null if the model cannot do it: an answer is unusable or fails, for example because its template refuses a message without a
 * clip. Throws only if aborted.
 */
export async function summarize(
  engine: Pick<EngineClient, 'answer' | 'close'>,
  request: SummaryRequest,
  signal: AbortSignal,
): Promise<Summary | null> {
  try {
    return await mapAndReduce(engine, request, signal)
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw error
    return null
  }
}

async function mapAndReduce(
  engine: Pick<EngineClient, 'answer' | 'close'>,
  { conversation, segments, context, report }: SummaryRequest,
  signal: AbortSignal,
): Promise<Summary | null> {
  const longest = promptBytes(context)
  const room = longest - byteLength(chapterPrompt([]))
  if (room < MIN_ROOM) return null
  let done = 0
  const ask = async (prompt: string, of: number): Promise<string> => {
    report({ done, of })
    const sampling = samplingSchema.parse({ maxTokens: MAX_ANSWER })
    try {
      for await (const event of engine.answer(conversation, { kind: 'ask', text: prompt, sampling }, signal))
        if (event.kind === 'done') return event.answer.text
      return ''
    } finally {
      await engine.close(conversation)
      done += 1
    }
  }
  const parts = portions(
    segments.map(({ text }) => text),
    room,
  )
  const chapters: Chapter[] = []
  let summaries: string[] = []
  for (const { first, lines } of parts) {
    const range = { first, last: first + lines.length - 1 }
    const answer = parseChapters(await ask(chapterPrompt(lines), parts.length + (parts.length > 1 ? 1 : 0)), range)
    if (!answer) return null
    for (const chapter of answer.chapters) {
      const { title } = chapter
      // The same title as the last one of the previous part: the chapter goes on.
      if (chapters.at(-1)?.title.toLowerCase() !== title.toLowerCase())
        chapters.push({ start: segments[chapter.first - 1]?.start ?? 0, title })
    }
    summaries.push(answer.summary)
  }
  while (summaries.length > 1) {
    const together = portions(summaries, room)
    summaries = []
    const of = done + together.length + (together.length > 1 ? 1 : 0)
    for (const { lines } of together) summaries.push(parseSummary(await ask(summaryPrompt(lines), of)))
    if (summaries.includes('')) return null
  }
  report({ done, of: done })
  return { chapters, summary: summaries[0] ?? '' }
}

/** Chapters without a model: the segments, and their texts as the summary. */
export function plainSummary(segments: readonly Segment[]): Summary {
  return {
    chapters: segments.map(({ start, text }) => ({ start, title: firstSentence(text) })),
    summary: segments.map(({ text }) => text.trim()).join(' '),
  }
}

/** Longest prompt in bytes for a model with this context. */
export function promptBytes(context: number): number {
  return Math.min(MAX_PROMPT_BYTES, Math.max(0, context - MAX_ANSWER - OVERHEAD) * BYTES_PER_TOKEN)
}

/**
 * Reads chapters and a summary from an answer, with any text before and between them. Null unless the chapters begin with `first`, their numbers increase and
 * are at most `last`, and there is a summary.
 */
export function parseChapters(
  answer: string,
  { first, last }: { readonly first: number; readonly last: number },
): { readonly chapters: readonly { readonly first: number; readonly title: string }[]; readonly summary: string } | null {
  const chapters: { first: number; title: string }[] = []
  const summaryAt = answer.search(/^[^\p{L}\n]*summary[^\p{L}\n]*:/imu)
  if (summaryAt < 0) return null
  for (const [, number, text = ''] of answer
    .slice(0, summaryAt)
    .matchAll(/^[^\p{L}\p{N}]*(?:(?:chapter|part)\s*)?(\d+)[^\p{L}\p{N}]*[:.)\]–-]\s*(.*)$/gimu)) {
    const title = text.replace(/^["'*_\s]+|["'*_\s]+$/g, '').slice(0, MAX_TITLE)
    if (title !== '') chapters.push({ first: Number(number), title })
  }
  const numbers = chapters.map((chapter) => chapter.first)
  const ascending = numbers.every((number, i) => number > (numbers[i - 1] ?? first - 1) && number <= last)
  const summary = parseSummary(answer.slice(summaryAt))
  return numbers[0] === first && ascending && summary !== '' ? { chapters, summary } : null
}

/** The text after "Summary:", or all of it, on one line. */
function parseSummary(answer: string): string {
  return answer
    .replace(/^[\s\S]*?summary[^\p{L}\n]*:[^\p{L}\p{N}]*/iu, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_SUMMARY)
}

function chapterPrompt(lines: readonly string[]): string {
  return `These are descriptions of consecutive parts of one video, each with its number:

${lines.join('\n')}

Group neighbouring parts that belong together into chapters. Write one line for each chapter: the number of its first part, a colon, and a short title. Then write a line that begins with "Summary:" and tells in a few sentences what happens in these parts. Write in the language of the descriptions, and nothing else.

Example:
1: A dog runs on the beach
4: People swim
Summary: A dog runs along the beach and fetches a ball. Later, people swim in the sea.`
}

function summaryPrompt(lines: readonly string[]): string {
  return `These are summaries of consecutive parts of one video:

${lines.join('\n')}

Write a line that begins with "Summary:" and tells in a few sentences what happens in the whole video. Write in the language of the summaries, and nothing else.`
}

interface Portion {
  /** Number of its first line, from 1. */
  readonly first: number
  readonly lines: readonly string[]
}

/** Numbers and shortens texts, and divides them into consecutive lines that together have at most this many bytes. */
function portions(texts: readonly string[], bytes: number): Portion[] {
  const found: { first: number; lines: string[]; size: number }[] = []
  for (const [i, text] of texts.entries()) {
    const line = `${i + 1}: ${shortened(text.replace(/\s+/g, ' ').trim(), Math.min(MAX_TEXT_BYTES, bytes * MAX_TEXT_SHARE))}`
    const size = byteLength(line) + 1
    const last = found.at(-1)
    if (last && last.size + size <= bytes) {
      last.lines.push(line)
      last.size += size
    } else found.push({ first: i + 1, lines: [line], size })
  }
  return found
}

function shortened(text: string, bytes: number): string {
  if (byteLength(text) <= bytes) return text
  // A cut character at the end is dropped.
  return `${new TextDecoder().decode(Buffer.from(text).subarray(0, bytes)).replace(/\uFFFD+$/, '')}…`
}

function byteLength(text: string): number {
  return Buffer.byteLength(text)
}

function firstSentence(text: string): string {
  const [{ text: sentence } = { text: '' }] = sentencesOf(text.trim(), 'en')
  return sentence.length > MAX_TITLE ? `${wellFormed(sentence.slice(0, MAX_TITLE))}…` : sentence
}
