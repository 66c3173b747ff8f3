import { join } from 'node:path'
import type { Found } from '../shared/contract/base.ts'
import type { Filters, Search } from '../shared/contract/library.ts'
import { Batches } from './batches.ts'
import { Chats } from './chats.ts'
import { Clips } from './clips.ts'
import { Database } from './database.ts'
import { KeptJobs } from './kept-jobs.ts'
import { type FoundChat, searchLibrary } from './search.ts'
import { KeptSettings } from './settings.ts'

/** Everything that was described or asked, in `library.sqlite` of the home folder. */
export class Library implements Disposable {
  readonly #db: Database
  readonly clips: Clips
  readonly chats: Chats
  readonly batches: Batches
  readonly settings: KeptSettings
  readonly modelJobs: KeptJobs

  /** Throws `library-busy`, `library-damaged`, `disk-full`, `write-failed`. */
  constructor(home: string) {
    this.#db = new Database(join(home, 'library.sqlite'))
    // Batches first: what they were at when the last process died is theirs to begin anew.
    this.batches = new Batches(this.#db)
    this.chats = new Chats(this.#db)
    this.clips = new Clips(this.#db, this.chats)
    this.settings = new KeptSettings(this.#db)
    this.modelJobs = new KeptJobs(this.#db)
  }

  search(search: Search): Found<FoundChat> {
    return searchLibrary(this.#db, search)
  }

  filters(): Filters {
    return { models: this.chats.models(), folders: this.clips.folders() }
  }

  /** All that `work` changes, or nothing of it. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work)
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }
}
