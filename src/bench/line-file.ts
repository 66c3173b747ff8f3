import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { JsonLinesFile } from '../jobs/sinks/json-lines.ts'
import { writeError } from '../jobs/write-file.ts'
import { type JsonLine, readJsonLines } from './json-lines.ts'

/**
 * Opens or creates a file of JSON lines for appending, and its folder. An appended line counts as written once the operating system has it. Calls
 * `onLine` with every complete line. Throws `file-unreadable`, `disk-full`, `write-failed`.
 */
export async function openLineFile(path: string, onLine: (line: JsonLine) => void, signal: AbortSignal): Promise<JsonLinesFile> {
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (error) {
    throw writeError(path, error)
  }
  await JsonLinesFile.repair(path, () => true)
  for await (const line of readJsonLines(path, signal)) if (line.kind === 'json') onLine(line)
  return JsonLinesFile.open(path, { durable: false })
}
