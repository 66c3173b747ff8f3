import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readFailure } from '../platform/file-failure.ts'
import { TarsierError } from '../shared/errors.ts'
import { ArraySplitter, beginsArray } from './array-splitter.ts'
import { LineSplitter, MAX_LINE_BYTES, type RawLine, type Splitter } from './line-splitter.ts'
import { parsePythonJson } from './python-json.ts'

/** An unusable line. Reading continues with the next line. */
export interface BrokenLine {
  readonly kind: 'broken'
  readonly file: string
  /** 1-based line number. */
  readonly line: number
  /** Text to print after "file:line: ". */
  readonly reason: string
}

/** A line of a file, or an item of the array in it, with its parsed JSON. */
export interface JsonLine {
  readonly kind: 'json'
  readonly file: string
  /** 1-based number of the line, or of the one on which the item begins. */
  readonly line: number
  /** Byte offset of the line, and its length in bytes without the newline, for reading it again individually. */
  readonly offset: number
  readonly length: number
  /** The line as it is in the file; an item of an array on one line. */
  readonly text: string
  readonly value: unknown
}

/**
 * Reads a file of JSON lines, or every `.jsonl` file of a folder in the order of their names, with one line in memory at a time. Skips empty lines. A
 * file with one JSON array is read like a file with a line for each of its items. Accepts what Python's `json` writes; see {@link parsePythonJson}.
 * Throws `file-missing`, `file-unreadable`, and `nothing-found` for a folder without such a file.
 */
export async function* readJsonLines(path: string, signal: AbortSignal): AsyncGenerator<JsonLine | BrokenLine, void> {
  const splitter = (first: Buffer) => (beginsArray(first) ? new ArraySplitter() : new LineSplitter())
  for (const file of await filesBehind(path)) {
    for await (const { line, bytes, offset, length } of split(file, splitter, signal)) {
      const read = bytes === null ? { reason: `longer than ${MAX_LINE_BYTES / 2 ** 20} MiB` } : parse(bytes)
      if ('reason' in read) yield { kind: 'broken', file, line, reason: read.reason }
      else if (read.text !== '') yield { kind: 'json', file, line, offset, length, ...read }
    }
  }
}

async function filesBehind(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
    if (names.length > 0) return names.sort().map((name) => join(path, name))
  } catch (error) {
    throw readFailure(path, error)
  }
  throw new TarsierError('nothing-found', `${path} contains no .jsonl files. Give a file, or a folder that contains such files.`)
}

/** Splits a file into lines of bytes. Throws `file-missing` and `file-unreadable`. */
export function splitLines(file: string, signal: AbortSignal): AsyncGenerator<RawLine, void> {
  return split(file, () => new LineSplitter(), signal)
}

/** @param splitterFor returns what splits a file that begins with this chunk */
async function* split(file: string, splitterFor: (first: Buffer) => Splitter, signal: AbortSignal): AsyncGenerator<RawLine, void> {
  let splitter: Splitter | null = null
  try {
    for await (const chunk of createReadStream(file, { signal }) as AsyncIterable<Buffer>) {
      splitter ??= splitterFor(chunk)
      yield* splitter.push(chunk)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw readFailure(file, error)
  }
  if (splitter !== null) yield* splitter.end()
}

/** The items of an array may have several lines. No string in JSON contains a newline. */
function onOneLine(json: string): string {
  return json.includes('\n') ? json.replaceAll(/\r?\n\s*/g, ' ') : json
}

function parse(bytes: Buffer): { readonly text: string; readonly value: unknown } | { readonly reason: string } {
  let text: string
  try {
    // `trim` also removes a byte order mark, which joined files have in the middle.
    text = onOneLine(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).trim())
  } catch {
    return { reason: 'not UTF-8 text' }
  }
  if (text === '') return { text, value: undefined }
  try {
    return { text, value: parsePythonJson(text) }
  } catch (error) {
    return { reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}
