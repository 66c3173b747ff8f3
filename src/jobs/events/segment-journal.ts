import { createHash } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fileStamp } from '../../engine/media/local-file.ts'
import { remove } from '../../platform/move.ts'
import { timedClauseSchema } from '../../shared/timed-text.ts'
import { JsonLinesFile } from '../sinks/json-lines.ts'
import { writeError } from '../write-file.ts'

/** Increased when segments of the same settings would differ. */
const VERSION = 5
/** Journals that were not written to for so long are removed: their clips or settings are no longer used. */
const ABANDONED_MS = 90 * 24 * 60 * 60 * 1000

const segmentSchema = z.object({
  text: z.string(),
  clauses: z.array(timedClauseSchema).readonly(),
  notices: z.array(z.string()).readonly(),
  /** Whether no frame of the segment can be decoded. */
  damaged: z.boolean(),
  /** Milliseconds. */
  timings: z.object({ answer: z.number(), score: z.number(), zoom: z.number() }),
})
const divisionSchema = z.object({
  ranges: z
    .array(
      z.object({
        start: z.number(),
        end: z.number(),
        overlap: z.number(),
        frames: z.object({ unit: z.literal('frames'), start: z.int(), end: z.int() }),
      }),
    )
    .readonly(),
  notices: z.array(z.string()).readonly(),
})
const lineSchema = z.union([
  z.object({ index: z.int().min(0), segment: segmentSchema }),
  /** The first line. */
  z.object({ division: divisionSchema }),
])

/** How a clip is divided into segments, with notices from the search for shots. */
export type StoredDivision = z.infer<typeof divisionSchema>

/** A described segment with the times of its clauses, in seconds from the clip's first frame. */
export type StoredSegment = z.infer<typeof segmentSchema>

export interface OpenJournal {
  /** How an earlier run has divided the clip; null if there was none. */
  readonly division: StoredDivision | null
  /** Segments that an earlier run has finished, by index. */
  readonly segments: ReadonlyMap<number, StoredSegment>
  /** Stores the division of the clip, before its segments. */
  begin(division: StoredDivision): Promise<void>
  /** Stores a segment; resolves when it is on disk. */
  add(index: number, segment: StoredSegment): Promise<void>
  /** Keeps the segments for the next run. */
  close(): Promise<void>
  /** Removes a closed journal, because the result is stored elsewhere. A journal that cannot be removed is left: it only takes space. */
  remove(): Promise<void>
}

/** Finished segments of clips whose result is not stored yet, a file per clip and settings, so that a run that was killed continues where it was. */
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
    await this.#removeAbandoned()
    await JsonLinesFile.repair(file, (value) => lineSchema.safeParse(value).success)
    const segments = new Map<number, StoredSegment>()
    let division: StoredDivision | null = null
    // The segment of a damaged line is described again.
    for (const line of await JsonLinesFile.read(file, lineSchema)) {
      if ('division' in line) division = line.division
      else segments.set(line.index, line.segment)
    }
    const lines = await JsonLinesFile.open(file, { durable: true })
    return {
      division,
      segments,
      begin: (begun) => lines.add({ division: begun }),
      add: (index, segment) => lines.add({ index, segment }),
      close: () => lines[Symbol.asyncDispose](),
      remove: () => remove(file).catch(() => {}),
    }
  }

  /** Failures are ignored, because another process may remove the same files, and they only take space. */
  async #removeAbandoned(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name)
        const written = (await stat(path).catch(() => null))?.mtimeMs ?? Number.POSITIVE_INFINITY
        if (Date.now() - written > ABANDONED_MS) await remove(path).catch(() => {})
      }),
    )
  }
}
