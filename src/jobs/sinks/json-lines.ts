import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { writeAt } from '../../platform/write-at.ts'
import { writeError } from '../write-file.ts'

const NEWLINE = 0x0a
/** Bytes read at a time, from the end of the file, to find where the last whole line ends. */
const STEP_BYTES = 1 << 16

export interface JsonLinesOptions {
  /** Whether a line has to be on the disk before it counts as written, and not only with the system. */
  readonly durable: boolean
}

/**
 * A file of JSON lines that is added to. A line counts once its newline is there: a process that is killed at any instruction leaves at most one
 * torn line, at the end, which `repair` cuts off.
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
   * Ends a file with a whole line, and gives the bytes that were cut off for that. A whole line that lacks only its newline, as some editors leave
   * it, is kept. Makes the file where there is none. Throws `disk-full` and `write-failed`.
   * @param isWhole whether a value can be one of the file's
   */
  static async repair(path: string, isWhole: (value: unknown) => boolean): Promise<number> {
    try {
      // Not 'a+': on Windows such a handle has no right to shorten the file (nodejs/node#3177).
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

  /** Opens a file that ends with a whole line; see `repair`. Throws `disk-full` and `write-failed`. */
  static async open(path: string, { durable }: JsonLinesOptions): Promise<JsonLinesFile> {
    try {
      return new JsonLinesFile(path, await open(path, 'a'), durable)
    } catch (error) {
      throw writeError(path, error)
    }
  }

  /** Writes a line; resolved once it counts as written. May be called before the last one is done. Throws `disk-full` and `write-failed`. */
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
    this.#writing = writing.catch(() => {}) // thrown to whoever added the line
    return writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#file.close()
  }
}

/** Values as whole lines of a file. */
export function* linesOf(values: Iterable<unknown>): Generator<string, void> {
  for (const value of values) yield `${JSON.stringify(value)}\n`
}

/** Where the last whole line ends: the byte after its newline, 0 where there is none. */
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
