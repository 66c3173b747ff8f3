import { join } from 'node:path'
import type { Found } from '../shared/contract/base.ts'
import type { Filters, Search } from '../shared/contract/library.ts'
import { Batches } from './batches.ts'
import { Chats } from './chats.ts'
import { StoredClipEvents } from './clip-events.ts'
import { Clips } from './clips.ts'
import { Database } from './database.ts'
import { type FoundClip, searchLibrary } from './search.ts'
import { StoredSettings } from './settings.ts'
import { jsonIn } from './stored-json.ts'

/** In the home folder. */
export const LIBRARY_FILE = 'library.sqlite'

/** All clips, conversations, batches and settings, in `library.sqlite` of the home folder. */
export class Library implements Disposable {
  readonly #db: Database
  readonly clips: Clips
  readonly chats: Chats
  readonly events: StoredClipEvents
  readonly batches: Batches
  readonly settings: StoredSettings
  readonly modelJobs: StoredJobs

  /** Throws `library-busy`, `library-damaged`, `disk-full`, `write-failed`. */
  constructor(home: string) {
    this.#db = new Database(join(home, LIBRARY_FILE))
    // Batches first: they reset interrupted items, which needs the turn states from before `Chats` resets them.
    this.batches = new Batches(this.#db)
    this.chats = new Chats(this.#db)
    this.events = new StoredClipEvents(this.#db)
    this.clips = new Clips(this.#db, this.chats, this.events)
    this.settings = new StoredSettings(this.#db)
    this.modelJobs = new StoredJobs(this.#db)
  }

  search(search: Search): Found<FoundClip> {
    return searchLibrary(this.#db, search)
  }

  filters(): Filters {
    const models = new Set([...this.chats.models(), ...this.events.models()])
    return { models: [...models].toSorted(), folders: this.clips.folders() }
  }

  /** Runs `work` in a transaction: all its changes are saved, or none. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work)
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }
}

/** Jobs that download or import models, as JSON of `ModelJobs`; saved so that they can resume after a restart. */
class StoredJobs {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Returns all jobs; undefined for those that are not valid JSON. */
  all(): readonly unknown[] {
    return this.#db.all('SELECT job FROM model_jobs ORDER BY created').map(({ job }) => jsonIn(job))
  }

  put(id: string, job: unknown): void {
    this.#db.run(
      'INSERT INTO model_jobs (id, job, created) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET job = excluded.job',
      id,
      JSON.stringify(job),
      Date.now(),
    )
  }

  remove(id: string): void {
    this.#db.run('DELETE FROM model_jobs WHERE id = ?', id)
  }
}
