import { constants } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { writeAt } from '../../platform/write-at.ts'
import { writeError } from '../write-file.ts'

const NEWLINE = 0x0a
/** Bytes per read when the end of the last complete line is searched, from the end of the file. */
const STEP_BYTES = 1 << 16

export interface JsonLinesOptions {
  /** Whether each line is flushed to disk before it counts as written. */
  readonly durable: boolean
}

/**
 * An append-only file of JSON lines. A line is complete once its newline is written: a process that is killed at any point leaves at most one
 * incomplete line at the end, which `repair` removes.
 */
export class JsonLinesFile implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #durable: boolean
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle, durable: boolean) {
    this.#path = path
    this.#file = file
    this.#durable = durable
  }

  /**
   * Removes an incomplete last line, and returns the number of removed bytes. A complete line without a newline, as some editors write it, is
   * kept. Creates the file if it does not exist. Throws `disk-full` and `write-failed`.
   * @param isWhole whether a value is a valid line of the file
   */
  static async repair(path: string, isWhole: (value: unknown) => boolean): Promise<number> {
    try {
      // Not 'a+': on Windows such a handle cannot truncate the file (nodejs/node#3177).
      await using file = await open(path, constants.O_RDWR | constants.O_CREAT)
      const { size } = await file.stat()
      const end = await lastNewline(file, size)
      if (end === size) return 0
      const { buffer } = await file.read(Buffer.alloc(size - end), 0, size - end, end)
      const kept = isJson(buffer, isWhole)
      if (kept) await writeAt(file, Buffer.from('\n'), size)
      else await file.truncate(end)
      await file.sync()
      return kept ? 0 : size - end
    } catch (error) {
      throw writeError(path, error)
    }
  }

  /** Returns the lines that a schema accepts, in order; others are damaged, and left out. */
  static async read<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
    const text = await readFile(path, 'utf8')
    return text.split('\n').flatMap((line) => {
      const parsed = schema.safeParse(jsonIn(line))
      return parsed.success ? [parsed.data] : []
    })
  }

  /** Opens a file that ends with a complete line; see `repair`. Throws `disk-full` and `write-failed`. */
  static async open(path: string, { durable }: JsonLinesOptions): Promise<JsonLinesFile> {
    try {
      return new JsonLinesFile(path, await open(path, 'a'), durable)
    } catch (error) {
      throw writeError(path, error)
    }
  }

  /** Appends a line; resolves when it counts as written. Calls may overlap. Throws `disk-full` and `write-failed`. */
  add(value: unknown): Promise<void> {
    const line = `${JSON.stringify(value)}\n`
    const writing = this.#writing.then(async () => {
      try {
        await this.#file.appendFile(line)
        if (this.#durable) await this.#file.datasync()
      } catch (error) {
        throw writeError(this.#path, error)
      }
    })
    this.#writing = writing.catch(() => {}) // rethrown to the caller that added the line
    return writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#file.close()
  }
}

/** Formats values as JSON lines. */
export function* linesOf(values: Iterable<unknown>): Generator<string, void> {
  for (const value of values) yield `${JSON.stringify(value)}\n`
}

/** Returns the offset after the last newline; 0 if there is none. */
async function lastNewline(file: FileHandle, size: number): Promise<number> {
  for (let to = size; to > 0; to -= STEP_BYTES) {
    const from = Math.max(0, to - STEP_BYTES)
    const { buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from)
    const at = buffer.lastIndexOf(NEWLINE)
    if (at >= 0) return from + at + 1
  }
  return 0
}

function isJson(bytes: Buffer, isWhole: (value: unknown) => boolean): boolean {
  try {
    return isWhole(JSON.parse(bytes.toString('utf8')))
  } catch {
    return false
  }
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
