import { randomUUID } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../../../platform/file-failure.ts'
import { isProcessRunning } from '../../../platform/is-process-running.ts'
import { move, remove } from '../../../platform/move.ts'
import { ImportJournal, JOURNAL_FILE } from './import-journal.ts'

/** Prefix of folders that are being written, before the id of the writing process. The leading dot hides them from lists of models. */
const ASIDE = '.importing-'
/** Replaces the process id if an import was interrupted and can be resumed. */
const LEFT = 'left'
/** Interrupted imports that are not resumed for this long are deleted. */
const KEPT_MS = 7 * 24 * 3600 * 1000

/** Identifies an import: an interrupted one is resumed only for the same model name and key. */
export interface ImportKey {
  readonly name: string
  /** sha256, as hex, of the source and the options. */
  readonly key: string
}

/** A hidden folder in which a model is being written. */
export interface StagingFolder {
  readonly directory: string
  readonly journal: ImportJournal
  /** Releases the folder, so that another import with the same key can resume it. */
  leave(): Promise<void>
}

/**
 * Returns a folder to write a model in: a new one, or that of an interrupted import with the same key, without its incomplete files.
 * Deletes folders of dead processes that cannot be resumed. If two processes want the same folder, only one gets it, because it is renamed
 * first.
 */
export async function claimStagingFolder(parent: string, of: ImportKey): Promise<StagingFolder> {
  const own = join(parent, `${ASIDE}${process.pid}-${randomUUID()}`)
  let claimed: ImportJournal | undefined
  for (const name of await abandoned(parent)) {
    const left = join(parent, name)
    const journal = await ImportJournal.read(left)
    const same = journal !== null && journal.name === of.name
    if (same && journal.key === of.key && !claimed && (await taken(left, own))) claimed = journal
    else if (same || journal === null || (await isOld(left))) await remove(left)
  }
  if (claimed) await clear(own, claimed)
  else await mkdir(own)
  const journal = claimed?.movedTo(own) ?? new ImportJournal(own, of.name, of.key)
  return {
    directory: own,
    journal,
    async leave() {
      await clear(own, journal)
      await move(own, join(parent, `${ASIDE}${LEFT}-${randomUUID()}`))
    },
  }
}

/** Deletes the folders of interrupted imports of a model with this name in `parent`. */
export async function removeAbandonedFolders(parent: string, name: string): Promise<void> {
  for (const folder of await abandoned(parent)) {
    const left = join(parent, folder)
    if ((await ImportJournal.read(left))?.name === name) await remove(left)
  }
}

/** Deletes incomplete files. */
async function clear(directory: string, { files }: ImportJournal): Promise<void> {
  for (const name of await readdir(directory)) if (!files.has(name)) await remove(join(directory, name))
}

async function abandoned(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return entries.filter((entry) => entry.isDirectory() && isAbandoned(entry.name)).map(({ name }) => name)
}

function isAbandoned(name: string): boolean {
  if (!name.startsWith(ASIDE)) return false
  if (name.startsWith(`${ASIDE}${LEFT}-`)) return true
  const id = Number.parseInt(name.slice(ASIDE.length), 10)
  return id > 0 && !isProcessRunning(id)
}

/** Returns false if another import was faster. */
async function taken(left: string, own: string): Promise<boolean> {
  try {
    await move(left, own)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function isOld(left: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(join(left, JOURNAL_FILE))).mtimeMs > KEPT_MS
  } catch {
    return false // already taken or removed by another process
  }
}
