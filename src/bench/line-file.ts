import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readJsonLines } from './json-lines.ts'
import { writeError } from './run/write-file.ts'

/**
 * A file of JSON lines that is added to. A line counts once its newline is there: a process that is killed at any instruction leaves at most
 * one torn line, which the next reader passes over like any other it cannot use.
 */
export class LineFile implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Opens or makes a file, and its folder. `onValue` gets what is on every whole line. Throws `file-unreadable`, `disk-full`, `write-failed`. */
  static async open(path: string, onValue: (value: unknown) => void, signal: AbortSignal): Promise<LineFile> {
    try {
      await mkdir(dirname(path), { recursive: true })
      const file = await open(path, 'a+')
      try {
        for await (const line of readJsonLines(path, signal)) if (line.kind === 'json') onValue(line.value)
        const { size } = await file.stat()
        if (size > 0 && !(await endsWithNewline(file, size))) await file.appendFile('\n')
        return new LineFile(path, file)
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (error) {
      throw writeError(path, error)
    }
  }

  /** Adds a line; resolved once the system has it. May be called before the last one is done. */
  add(value: unknown): Promise<void> {
    const line = `${JSON.stringify(value)}\n`
    const writing = this.#writing.then(() => this.#file.appendFile(line))
    this.#writing = writing.catch(() => {}) // told to whoever added the line
    return writing.catch((error: unknown) => {
      throw writeError(this.#path, error)
    })
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

async function endsWithNewline(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] === 0x0a
}
