import { randomUUID } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../../../platform/file-failure.ts'
import { move, remove } from '../../../platform/move.ts'
import { ImportJournal, JOURNAL_FILE } from './import-journal.ts'

/** Begins every folder that is still being written, before the writing process's id; hidden from lists of models by its dot. */
const ASIDE = '.importing-'
/** Stands for the id where an import was stopped and may go on. */
const LEFT = 'left'
/** Pieces of an import that nobody went on with for so long are given up. */
const KEPT_MS = 7 * 24 * 3600 * 1000

/** What an import is known by: only one of the same model with the same key goes on where another was stopped. */
export interface ImportKey {
  readonly name: string
  /** sha256, hex, of what the files are made of and how. */
  readonly key: string
}

/** A hidden folder that a model is being made in. */
export interface Aside {
  readonly directory: string
  readonly journal: ImportJournal
  /** Gives it free, for another import of the same to go on with. */
  leave(): Promise<void>
}

/**
 * The folder to make a model in: what another import of the same left, cleared of what was not finished, or a new one. What processes
 * that died left and nobody can go on with is removed. Of two that want the same folder one gets it, for it gets a name of its own.
 */
export async function claimAside(parent: string, of: ImportKey): Promise<Aside> {
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

/** Gives up what stopped imports of a model of this name left in `parent`. */
export async function removeLeft(parent: string, name: string): Promise<void> {
  for (const folder of await abandoned(parent)) {
    const left = join(parent, folder)
    if ((await ImportJournal.read(left))?.name === name) await remove(left)
  }
}

/** Removes what was not finished. */
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
  return id > 0 && !isRunning(id)
}

/** False where another import was quicker. */
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
    return false // gone, which somebody else has seen to
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
