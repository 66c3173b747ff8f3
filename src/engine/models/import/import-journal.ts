import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { move, remove } from '../../../platform/move.ts'
import { readJsonFile } from '../../formats/checked-json.ts'

export const JOURNAL_FILE = 'journal.json'
const FORMAT = 1

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const file = z.object({ file: z.string().regex(/^[a-z][a-z0-9.-]*$/), bytes: z.int().min(0), sha256 }).strict()
const journalSchema = z
  .object({
    format: z.literal(FORMAT),
    /** Name of the model, and hash of source and options: an import is resumed only if both match. */
    name: z.string(),
    key: sha256,
    /** State of the language model on disk, flushed; `tensors` is the number of complete tensors. */
    begun: file.extend({ tensors: z.int().min(0) }).optional(),
    /** Complete; no longer needed from the source. */
    language: file.optional(),
    vision: file.extend({ data: file.optional() }).strict().optional(),
  })
  .strict()
type Entries = z.infer<typeof journalSchema>

/** Records the finished parts of an import in its folder, so that another process can resume it if this one is killed. */
export class ImportJournal {
  readonly #directory: string
  #entries: Entries

  constructor(directory: string, name: string, key: string) {
    this.#directory = directory
    this.#entries = { format: FORMAT, name, key }
  }

  /** Reads the journal of an interrupted import; null if there is none or it is invalid. Its contents are untrusted. */
  static async read(directory: string): Promise<ImportJournal | null> {
    const value = await readJsonFile(directory, JOURNAL_FILE).catch(() => null) // not a valid journal
    const parsed = journalSchema.safeParse(value)
    if (!parsed.success) return null
    const journal = new ImportJournal(directory, parsed.data.name, parsed.data.key)
    journal.#entries = parsed.data
    return journal
  }

  get begun(): Entries['begun'] {
    return this.#entries.begun
  }

  get language(): Entries['language'] {
    return this.#entries.language
  }

  get vision(): Entries['vision'] {
    return this.#entries.vision
  }

  get name(): string {
    return this.#entries.name
  }

  get key(): string {
    return this.#entries.key
  }

  /** Returns a copy for a renamed folder. */
  movedTo(directory: string): ImportJournal {
    const journal = new ImportJournal(directory, this.name, this.key)
    journal.#entries = this.#entries
    return journal
  }

  /** Deletes the journal, which a finished model does not need. Errors are ignored, e.g. if another program has it open. */
  async remove(): Promise<void> {
    await remove(join(this.#directory, JOURNAL_FILE)).catch(() => {})
  }

  /** Whether the folder has anything that can be resumed. */
  get worthKeeping(): boolean {
    const { begun, language, vision } = this.#entries
    return (begun ?? language ?? vision) !== undefined
  }

  /** Files to keep; all others in the folder are incomplete. */
  get files(): ReadonlySet<string> {
    const { begun, language, vision } = this.#entries
    return new Set([JOURNAL_FILE, begun?.file, language?.file, vision?.file, vision?.data?.file].filter((name) => name !== undefined))
  }

  /** Updates entries and syncs the journal to disk before it returns. `undefined` deletes an entry. */
  async note(entries: Partial<Pick<Entries, 'begun' | 'language' | 'vision'>>): Promise<void> {
    this.#entries = { ...this.#entries, ...entries }
    const path = join(this.#directory, JOURNAL_FILE)
    const handle = await open(`${path}.new`, 'w')
    try {
      await handle.writeFile(JSON.stringify(this.#entries))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await move(`${path}.new`, path)
  }
}
