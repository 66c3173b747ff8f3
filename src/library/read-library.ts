import { join } from 'node:path'
import type { Found } from '../shared/contract/base.ts'
import type { Search } from '../shared/contract/library.ts'
import type { Settings } from '../shared/contract/settings.ts'
import { TarsierError } from '../shared/errors.ts'
import { Database } from './database.ts'
import { LIBRARY_FILE, Library } from './library.ts'
import { type FoundClip, searchLibrary } from './search.ts'
import { StoredSettings } from './settings.ts'

/** What can be read of a library that another process has open. */
export interface LibraryReader {
  search(search: Search): Found<FoundClip>
  readonly settings: { get(): Settings }
}

/**
 * Opens the library of a home folder for one reading, also while another process has it open. A library that nobody has open is opened as usual, for the
 * time of the reading: it is created and migrated if necessary. Throws as {@link Library}.
 */
export function readLibrary<T>(home: string, read: (library: LibraryReader) => T): T {
  try {
    using library = new Library(home)
    return read(library)
  } catch (error) {
    if (!(error instanceof TarsierError) || error.code !== 'library-busy') throw error
  }
  using db = new Database(join(home, LIBRARY_FILE), { readOnly: true })
  return read({ search: (search) => searchLibrary(db, search), settings: new StoredSettings(db) })
}
