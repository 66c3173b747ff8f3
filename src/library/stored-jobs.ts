import type { Database } from './database.ts'
import { jsonIn } from './stored-json.ts'

/** Jobs that download or import models, as JSON of `ModelJobs`; saved so that they can resume after a restart. */
export class StoredJobs {
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
