import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Library } from '../../../src/library/library.ts'
import { readLibrary } from '../../../src/library/read-library.ts'
import { defaultSettings } from '../../../src/shared/contract/settings.ts'
import { removeDataFolder } from '../../helpers/remove-data-folder.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tarsier-read-'))
})
afterEach(() => removeDataFolder(home))

const search = () => readLibrary(home, (library) => library.search({ text: '', limit: 10 }))
const settings = () => readLibrary(home, (library) => library.settings.get())

test('reads a library that nobody has open, also one that does not exist yet', () => {
  expect(settings()).toEqual(defaultSettings)
  expect(search()).toEqual({ items: [], total: 0 })
  new Library(home)[Symbol.dispose]() // it is not locked
})

test('reads what another has stored while it has the library open', () => {
  using library = new Library(home)
  library.settings.set({ model: 'other' })
  expect(settings().model).toBe('other')
  library.settings.set({ model: 'third' })
  expect(settings().model).toBe('third')
  expect(search().total).toBe(0)
  library.settings.set({ frames: 4 }) // the readers have left no lock
})

test('refuses a library that another version has open', () => {
  using _library = new Library(home)
  const db = new DatabaseSync(join(home, 'library.sqlite'))
  db.exec('PRAGMA user_version = 1')
  db.close()
  expect(settings).toThrow(expect.objectContaining({ code: 'library-busy', message: expect.stringContaining('another version') }))
})
