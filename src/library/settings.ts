import { defaultSettings, type Settings, settingsSchema } from '../shared/contract/settings.ts'
import type { Database } from './database.ts'
import { jsonIn } from './stored-json.ts'

/** Saved settings, one row each. Values that cannot be parsed, for example from another version, count as unset. */
export class StoredSettings {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  get(): Settings {
    const stored: Record<string, unknown> = {}
    for (const row of this.#db.all('SELECT name, value FROM settings')) stored[String(row.name)] = jsonIn(row.value)
    const known = Object.entries(settingsSchema.shape).flatMap(([name, schema]) => {
      const value = schema.safeParse(stored[name])
      return value.success ? [[name, value.data]] : []
    })
    return { ...defaultSettings, ...(Object.fromEntries(known) as Partial<Settings>) }
  }

  set(values: Readonly<Record<string, unknown>>): void {
    this.#db.transaction(() => {
      for (const [name, value] of Object.entries(values)) {
        if (value === undefined) continue
        this.#db.run(
          'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
          name,
          JSON.stringify(value),
        )
      }
    })
  }

  reset(names: readonly string[]): void {
    this.#db.transaction(() => {
      for (const name of names) this.#db.run('DELETE FROM settings WHERE name = ?', name)
    })
  }
}
