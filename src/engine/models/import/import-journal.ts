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
    /** The model's name, and what its files are made of and how: only an import of the same goes on with them. */
    name: z.string(),
    key: sha256,
    /** So much of the language model is on the disk for sure; `tensors` of them are whole. */
    begun: file.extend({ tensors: z.int().min(0) }).optional(),
    /** Done, and needed no more from the source. */
    language: file.optional(),
    vision: file.extend({ data: file.optional() }).strict().optional(),
  })
  .strict()
type Entries = z.infer<typeof journalSchema>

/** What an import has finished, kept in the folder that it fills, so that another process can go on after it was killed. */
export class ImportJournal {
  readonly #directory: string
  #entries: Entries

  constructor(directory: string, name: string, key: string) {
    this.#directory = directory
    this.#entries = { format: FORMAT, name, key }
  }

  /** The journal in a folder that was left; null where there is none that can be read. Whatever it says was written by anybody. */
  static async read(directory: string): Promise<ImportJournal | null> {
    const value = await readJsonFile(directory, JOURNAL_FILE).catch(() => null) // no journal of ours then
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

  /** The same for a folder that got another name. */
  movedTo(directory: string): ImportJournal {
    const journal = new ImportJournal(directory, this.name, this.key)
    journal.#entries = this.#entries
    return journal
  }

  /** Of no use in a finished model, and of no harm where it stays because another program has it open. */
  async remove(): Promise<void> {
    await remove(join(this.#directory, JOURNAL_FILE)).catch(() => {})
  }

  /** Whether anything would be lost with the folder. */
  get worthKeeping(): boolean {
    const { begun, language, vision } = this.#entries
    return (begun ?? language ?? vision) !== undefined
  }

  /** The files that are to stay; everything else in the folder was being written. */
  get files(): ReadonlySet<string> {
    const { begun, language, vision } = this.#entries
    return new Set([JOURNAL_FILE, begun?.file, language?.file, vision?.file, vision?.data?.file].filter((name) => name !== undefined))
  }

  /** Takes note, on the disk, before it returns. `undefined` takes an entry out. */
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
