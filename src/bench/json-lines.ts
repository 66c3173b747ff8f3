import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readFailure } from '../platform/file-failure.ts'
import { TarsierError } from '../shared/errors.ts'

/** Maximum length of a line, in bytes: far above any line of the papers' data sets, and small enough to hold in memory. */
export const MAX_LINE_BYTES = 2 ** 24

/** An unusable line. Reading continues with the next line. */
export interface BrokenLine {
  readonly kind: 'broken'
  readonly file: string
  /** 1-based line number. */
  readonly line: number
  /** Text to print after "file:line: ". */
  readonly reason: string
}

/** A line of a file with its parsed JSON. */
export interface JsonLine {
  readonly kind: 'json'
  readonly file: string
  readonly line: number
  /** Byte offset of the line, and its length in bytes without the newline, for reading it again individually. */
  readonly offset: number
  readonly length: number
  readonly text: string
  readonly value: unknown
}

/**
 * Reads a file of JSON lines, or every `.jsonl` file of a folder in the order of their names, with one line in memory at a time. Skips empty lines.
 * Throws `file-missing`, `file-unreadable`, and `nothing-found` for a folder without such a file.
 */
export async function* readJsonLines(path: string, signal: AbortSignal): AsyncGenerator<JsonLine | BrokenLine, void> {
  for (const file of await filesBehind(path)) {
    let line = 0
    for await (const { bytes, offset, length } of splitLines(file, signal)) {
      line++
      const read = bytes === null ? { reason: `longer than ${MAX_LINE_BYTES / 2 ** 20} MiB` } : parse(bytes, line === 1)
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

interface RawLine {
  /** The line without its newline; null for a line that is too long, whose bytes are discarded as they are read. */
  readonly bytes: Buffer | null
  readonly offset: number
  readonly length: number
}

/** Splits a file into lines of bytes. Throws `file-missing` and `file-unreadable`. */
export async function* splitLines(file: string, signal: AbortSignal): AsyncGenerator<RawLine, void> {
  let parts: Buffer[] = []
  let offset = 0
  let length = 0
  const add = (part: Buffer) => {
    length += part.length
    if (length > MAX_LINE_BYTES) parts = []
    else parts.push(part)
  }
  const take = () => {
    const line: RawLine = { bytes: length > MAX_LINE_BYTES ? null : Buffer.concat(parts), offset, length }
    parts = []
    offset += length + 1
    length = 0
    return line
  }
  try {
    for await (const chunk of createReadStream(file, { signal }) as AsyncIterable<Buffer>) {
      let from = 0
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
        add(chunk.subarray(from, end))
        yield take()
        from = end + 1
      }
      if (from < chunk.length) add(chunk.subarray(from))
    }
  } catch (error) {
    signal.throwIfAborted()
    throw readFailure(file, error)
  }
  if (length > 0) yield take()
}

function parse(bytes: Buffer, first: boolean): { readonly text: string; readonly value: unknown } | { readonly reason: string } {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: !first }).decode(bytes).trim()
  } catch {
    return { reason: 'not UTF-8 text' }
  }
  if (text === '') return { text, value: undefined }
  try {
    return { text, value: JSON.parse(text) as unknown }
  } catch (error) {
    return { reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}
