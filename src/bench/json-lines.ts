import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readFailure } from '../platform/file-failure.ts'
import { TarsierError } from '../shared/errors.ts'

/** The longest line that is read, in bytes: far beyond any of the papers', and little enough to be held in memory. */
export const MAX_LINE_BYTES = 2 ** 24

/** A line that could not be used. The lines after it are read all the same. */
export interface BrokenLine {
  readonly kind: 'broken'
  readonly file: string
  /** From 1. */
  readonly line: number
  /** Words that follow "file:line: ". */
  readonly reason: string
}

/** A line as it stands in its file, and the JSON in it. */
export interface JsonLine {
  readonly kind: 'json'
  readonly file: string
  readonly line: number
  /** Where it begins in the file, and how long it is without its newline, in bytes: to be read again by itself. */
  readonly offset: number
  readonly length: number
  readonly text: string
  readonly value: unknown
}

/**
 * Reads a file of JSON lines, or every `.jsonl` of a folder in the order of their names, a line in memory at a time. Empty lines are passed over.
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
  throw new TarsierError('nothing-found', `There is no .jsonl file in ${path}. Give the file itself, or a folder that holds some.`)
}

interface RawLine {
  /** Without its newline; null for a line that is too long, whose bytes are let go as they come. */
  readonly bytes: Buffer | null
  readonly offset: number
  readonly length: number
}

/** The lines of a file as bytes. Throws `file-missing` and `file-unreadable`. */
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
