import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fileStamp } from '../../engine/media/local-file.ts'
import { remove } from '../../platform/move.ts'
import { JsonLinesFile } from '../sinks/json-lines.ts'
import { writeError } from '../write-file.ts'

/** Increased when segments of the same settings would differ. */
const VERSION = 1

const clause = z.object({
  text: z.string(),
  start: z.int().min(0),
  end: z.int().min(0),
  sentence: z.int().min(0),
  begins: z.number().nullable(),
  ends: z.number().nullable(),
  confidence: z.number(),
})
const segmentSchema = z.object({
  text: z.string(),
  clauses: z.array(clause).readonly(),
  notices: z.array(z.string()).readonly(),
  /** Milliseconds. */
  timings: z.object({ answer: z.number(), score: z.number(), zoom: z.number() }),
})
const lineSchema = z.object({ index: z.int().min(0), segment: segmentSchema })

/** A described segment with the times of its clauses, in seconds from the clip's first frame. */
export type StoredSegment = z.infer<typeof segmentSchema>

export interface OpenJournal {
  /** Segments that an earlier run has finished, by index. */
  readonly segments: ReadonlyMap<number, StoredSegment>
  /** Stores a segment; resolves when it is on disk. */
  add(index: number, segment: StoredSegment): Promise<void>
  /** Keeps the segments for the next run. */
  close(): Promise<void>
  /** Removes the segments, because the result is complete. */
  finish(): Promise<void>
}

/** Finished segments of clips that are not finished, a file per clip and settings, so that a run that was killed continues where it was. */
export class SegmentJournal {
  readonly #folder: string

  /** @param home data folder */
  constructor(home: string) {
    this.#folder = join(home, 'cache', 'events')
  }

  /**
   * Opens the journal of a clip. Another file under the same path, another model or other settings have another journal. Throws `disk-full` and
   * `write-failed`.
   * @param settings everything that the segments depend on; a value for JSON
   */
  async open(path: string, settings: unknown): Promise<OpenJournal> {
    const key = JSON.stringify([VERSION, path, await fileStamp(path), settings])
    const file = join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.jsonl`)
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
      throw writeError(file, error)
    })
    await JsonLinesFile.repair(file, (value) => lineSchema.safeParse(value).success)
    const segments = new Map<number, StoredSegment>()
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const entry = lineSchema.safeParse(line === '' ? null : parsed(line))
      if (entry.success) segments.set(entry.data.index, entry.data.segment)
    }
    const lines = await JsonLinesFile.open(file, { durable: true })
    return {
      segments,
      add: (index, segment) => lines.add({ index, segment }),
      close: () => lines[Symbol.asyncDispose](),
      async finish() {
        await lines[Symbol.asyncDispose]()
        await remove(file)
      },
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // a damaged line: its segment is described again
  }
}
