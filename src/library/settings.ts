import { defaultSettings, MAX_PROMPTS, type Settings, settingsSchema } from '../shared/contract/settings.ts'
import { TarsierError } from '../shared/errors.ts'
import type { Preset } from '../shared/model-manifest.ts'
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

  /** Adds a prompt of the user after the others. Throws `usage` if there is one with this name, or no room for another. */
  addPrompt(prompt: Preset): void {
    this.#db.transaction(() => {
      const { prompts } = this.get()
      if (prompts.some(({ name }) => name === prompt.name))
        throw new TarsierError('usage', `There is a prompt named “${prompt.name}” already. Choose another name, or remove that prompt.`)
      if (prompts.length >= MAX_PROMPTS)
        throw new TarsierError('usage', `There are ${MAX_PROMPTS} prompts already, which is the most. Remove one that is no longer needed.`)
      this.set({ prompts: [...prompts, prompt] })
    })
  }

  /** Removes a prompt of the user, unless it has another text by now. */
  removePrompt({ name, text }: Preset): void {
    this.#db.transaction(() => {
      const { prompts } = this.get()
      const others = prompts.filter((prompt) => prompt.name !== name || prompt.text !== text)
      if (others.length < prompts.length) this.set({ prompts: others })
    })
  }

  reset(names: readonly string[]): void {
    this.#db.transaction(() => {
      for (const name of names) this.#db.run('DELETE FROM settings WHERE name = ?', name)
    })
  }
}
