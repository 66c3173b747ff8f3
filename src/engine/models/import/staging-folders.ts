import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../../../platform/file-failure.ts'
import { move, remove } from '../../../platform/move.ts'
import { foldersBelow, lockFolder, removeUnused, reserveFolder } from '../../../platform/own-folder.ts'
import { ImportJournal, JOURNAL_FILE } from './import-journal.ts'

/** Prefix of folders that are being written. The leading dot hides them from lists of models. */
const ASIDE = '.importing-'
/** {@link ASIDE} in names of this and of earlier versions, which added the id of the writing process, or `left` after an interruption. */
const ANY_ASIDE = /\.importing-(?:left-|\d+-)?/
/** Interrupted imports that are not resumed for this long are deleted. */
const KEPT_MS = 7 * 24 * 3600 * 1000

/** Identifies an import: an interrupted one is resumed only for the same model name and key. */
export interface ImportKey {
  readonly name: string
  /** sha256, as hex, of the source and the options. */
  readonly key: string
}

/**
 * A hidden folder in which a model is being written, and which no other process takes meanwhile. Disposal releases it: if it still exists, another
 * import with the same key can resume it.
 */
export interface StagingFolder extends AsyncDisposable {
  readonly directory: string
  readonly journal: ImportJournal
  /** Deletes the incomplete files, so that only what can be resumed is left. */
  clear(): Promise<void>
}

/**
 * Returns a folder to write a model in: a new one, or that of an interrupted import with the same key, without its incomplete files.
 * Deletes folders of ended processes that cannot be resumed. If two processes want the same folder, only one gets it.
 */
export async function claimStagingFolder(parent: string, of: ImportKey): Promise<StagingFolder> {
  const own = await reserveFolder(parent, ASIDE)
  try {
    const claimed = await claim(parent, of, own.path)
    if (claimed) await clear(own.path, claimed)
    else await mkdir(own.path)
    const journal = claimed?.movedTo(own.path) ?? new ImportJournal(own.path, of.name, of.key)
    return {
      directory: own.path,
      journal,
      clear: () => clear(own.path, journal),
      [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
    }
  } catch (error) {
    await own[Symbol.asyncDispose]()
    throw error
  }
}

/** Renames the folder of an interrupted import with this key to `to`, and returns its journal; null if there is none. */
async function claim(parent: string, of: ImportKey, to: string): Promise<ImportJournal | null> {
  let claimed: ImportJournal | null = null
  for (const left of await foldersBelow(parent, ANY_ASIDE)) {
    await using lock = await lockFolder(left)
    if (lock === null) continue // in use
    const journal = await ImportJournal.read(left)
    const same = journal !== null && journal.name === of.name
    if (same && journal.key === of.key && !claimed) {
      // By a new name: a process that was only suspended for so long that its lock counts no more must not find the folder again.
      await move(left, to)
      claimed = journal
    } else if (same || journal === null || (await isOld(left))) await remove(left)
  }
  return claimed
}

/** Deletes the folders of interrupted imports of a model with this name in `parent`, also from a full disk. */
export async function removeAbandonedFolders(parent: string, name: string): Promise<void> {
  const folders = await foldersBelow(parent, ANY_ASIDE).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  for (const folder of folders) if ((await ImportJournal.read(folder))?.name === name) await removeUnused(folder)
}

/** Deletes incomplete files. */
async function clear(directory: string, { files }: ImportJournal): Promise<void> {
  for (const name of await readdir(directory)) if (!files.has(name)) await remove(join(directory, name))
}

/** The folder is locked, so its journal changes no more. */
async function isOld(left: string): Promise<boolean> {
  return Date.now() - (await stat(join(left, JOURNAL_FILE))).mtimeMs > KEPT_MS
}
