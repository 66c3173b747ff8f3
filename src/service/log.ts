import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { moveSync } from '../platform/move.ts'
import type { LogLine } from '../shared/contract/system.ts'

/** Size in bytes after which a new file is started. One previous file is kept. */
const MAX_BYTES = 4 * 1024 * 1024
const KEPT_LINES = 5000

/**
 * Events and errors of the service, as lines of JSON in `logs/service.log` of the home folder. Texts of clips, questions and answers are not
 * logged.
 */
export class Log {
  readonly #file: string
  #lines: LogLine[]
  #bytes: number

  constructor(home: string) {
    const folder = join(home, 'logs')
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, 'service.log')
    this.#lines = readLines(this.#file)
    this.#bytes = sizeOf(this.#file)
  }

  info(source: string, text: string): void {
    this.#write('info', source, text)
  }

  error(source: string, text: string): void {
    this.#write('error', source, text)
  }

  newest(limit: number): readonly LogLine[] {
    return this.#lines.slice(-limit)
  }

  #write(level: LogLine['level'], source: string, text: string): void {
    const line: LogLine = { time: Date.now(), level, source, text }
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines = this.#lines.slice(-KEPT_LINES / 2)
    const written = `${JSON.stringify(line)}\n`
    try {
      this.#startNewFile()
      appendFileSync(this.#file, written)
      this.#bytes += written.length
    } catch {
      // A failed log write must not interrupt the work. The line is still shown in the app.
    }
  }

  #startNewFile(): void {
    if (this.#bytes <= MAX_BYTES) return
    try {
      moveSync(this.#file, `${this.#file}.old`, 0)
      this.#bytes = 0
    } catch {
      // Fails on Windows while another program reads one of the two files. The next line retries; until then the file grows.
    }
  }
}

function readLines(file: string): LogLine[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(-KEPT_LINES)
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as LogLine]
        } catch {
          return [] // truncated by a crash
        }
      })
  } catch {
    return [] // does not exist yet
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
