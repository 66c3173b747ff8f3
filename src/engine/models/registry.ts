import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isMissing, readFailure } from '../../platform/file-failure.ts'
import { resourceFolder } from '../../platform/resource-folder.ts'
import { asTarsierError, TarsierError } from '../../shared/errors.ts'
import { MANIFEST_FILE, type ModelManifest } from '../../shared/model-manifest.ts'
import { readManifest } from './manifest.ts'

/** The name of the model that comes with the app. */
export const DEMO_MODEL = 'demo'

/** Names that are folder names on every platform; a leading dot marks what is still being written. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}[A-Za-z0-9_-]$|^[A-Za-z0-9]$/
const RESERVED_ON_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

export interface ModelEntry {
  /** What it is called by; its folder's name. */
  readonly name: string
  readonly directory: string
  /** Null when it cannot be used; `problem` says why. */
  readonly manifest: ModelManifest | null
  readonly problem: string | null
}

/** The folder in which imported models lie, a folder each. */
export function modelsFolder(home: string): string {
  return join(home, 'models')
}

/** Whether a model can have this name, which becomes the name of its folder on every system. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name) && !RESERVED_ON_WINDOWS.test(name)
}

/** The models that are here: the one that comes with the app, then those in the home folder by name. Damaged ones are listed with their problem. */
export async function listModels(home: string): Promise<ModelEntry[]> {
  const demo = demoDirectory()
  const entries = demo === null ? [] : [await entryOf(DEMO_MODEL, demo)]
  for (const name of await namesIn(modelsFolder(home))) entries.push(await entryOf(name, join(modelsFolder(home), name)))
  return entries
}

/**
 * The folder of a model given by its name or by the path of its folder. A name comes first: a folder of the same name in the
 * current one is meant by `./name`. Throws `model-missing`, naming the models there are.
 */
export async function resolveModel(nameOrPath: string, home: string): Promise<string> {
  if (nameOrPath === DEMO_MODEL) {
    const demo = demoDirectory()
    if (demo !== null) return demo
  }
  if (isModelName(nameOrPath)) {
    const directory = join(modelsFolder(home), nameOrPath)
    if (existsSync(join(directory, MANIFEST_FILE))) return directory
  }
  const directory = resolve(nameOrPath)
  if (existsSync(join(directory, MANIFEST_FILE))) return directory
  const names = (await listModels(home)).map(({ name }) => name)
  const there = names.length === 0 ? 'There is none here yet' : `Those that are here: ${names.join(', ')}`
  const asPath = nameOrPath !== '' && (await isFolder(directory)) ? `; the folder ${directory} holds no ${MANIFEST_FILE}` : ''
  throw new TarsierError(
    'model-missing',
    `There is no model "${nameOrPath}"${asPath}. ${there}. Give one of them, the path of a model's folder, or import one.`,
    { details: { asked: nameOrPath, models: names }, remedy: 'import-model' },
  )
}

/** The demo model's folder; null when it did not come along. */
export function demoDirectory(): string | null {
  return resourceFolder(join('models', DEMO_MODEL), MANIFEST_FILE)
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter((entry) => isModelName(entry.name) && entry.name !== DEMO_MODEL && (entry.isDirectory() || entry.isSymbolicLink()))
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw readFailure(folder, error)
  }
}

async function entryOf(name: string, directory: string): Promise<ModelEntry> {
  try {
    return { name, directory, manifest: await readManifest(directory), problem: null }
  } catch (error) {
    return { name, directory, manifest: null, problem: asTarsierError(error).message }
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false // whatever keeps us from seeing it, it is no model
  }
}
