import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isMissing, readFailure } from '../../platform/file-failure.ts'
import { resourceFolder } from '../../platform/resource-folder.ts'
import { asTarsierError, TarsierError } from '../../shared/errors.ts'
import { MANIFEST_FILE, type ModelManifest } from '../../shared/model-manifest.ts'
import { readManifest } from './manifest.ts'

/** Name of the bundled model. */
export const DEMO_MODEL = 'demo'

/** Names that are valid folder names on every platform. A leading dot marks folders that are being written. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}[A-Za-z0-9_-]$|^[A-Za-z0-9]$/
const RESERVED_ON_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

export interface ModelEntry {
  /** Name of the model and of its folder. */
  readonly name: string
  readonly directory: string
  /** Null if the model cannot be used; `problem` has the reason. */
  readonly manifest: ModelManifest | null
  readonly problem: string | null
}

/** Folder of the imported models, with one subfolder each. */
export function modelsFolder(home: string): string {
  return join(home, 'models')
}

/** Whether a name is valid for a model, and as a folder name on every platform. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name) && !RESERVED_ON_WINDOWS.test(name)
}

/** Lists the installed models: the bundled one, then those in the home folder by name. Damaged models are included with their problem. */
export async function listModels(home: string): Promise<ModelEntry[]> {
  const demo = demoDirectory()
  const entries = demo === null ? [] : [await entryOf(DEMO_MODEL, demo)]
  for (const name of await namesIn(modelsFolder(home))) entries.push(await entryOf(name, join(modelsFolder(home), name)))
  return entries
}

/**
 * Returns the folder of a model, given its name or the path of its folder. Names take precedence: use `./name` for a folder with the same
 * name in the current folder. Throws `model-missing`, listing the existing models.
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
  const there = names.length === 0 ? 'No models are installed' : `Installed models: ${names.join(', ')}`
  const asPath = nameOrPath !== '' && (await isFolder(directory)) ? `; the folder ${directory} contains no ${MANIFEST_FILE}` : ''
  throw new TarsierError(
    'model-missing',
    `The model "${nameOrPath}" does not exist${asPath}. ${there}. Give the name of a model or the path of a model folder, or import a model.`,
    { details: { asked: nameOrPath, models: names }, remedy: 'import-model' },
  )
}

/** Folder of the bundled model; null if it is not installed. */
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
    return false // an inaccessible folder is no model
  }
}
