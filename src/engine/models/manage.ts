import { randomUUID } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isTaken } from '../../platform/disk.ts'
import { writeFailure } from '../../platform/file-failure.ts'
import { move, remove } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import { MANIFEST_FILE } from '../../shared/model-manifest.ts'
import { readManifest } from './manifest.ts'
import { DEMO_MODEL, isModelName, listModels, modelsFolder } from './registry.ts'

/** Prefix of folders of models that are being removed; no model name starts with it. */
const REMOVED = '.removing-'

/** Throws `usage` for an invalid model name. */
export function expectModelName(name: string): void {
  if (isModelName(name)) return
  throw new TarsierError(
    'usage',
    `"${name}" is not a valid model name. Use up to 128 letters, digits, dots, dashes and underscores, starting with a letter or digit.`,
    { details: { name } },
  )
}

/**
 * Returns the folder for a new model with this name. Throws `usage` for an invalid name, `model-exists` if the name is taken. Call it
 * before expensive work.
 */
export async function freeModelFolder(name: string, home: string): Promise<string> {
  expectModelName(name)
  const folder = join(modelsFolder(home), name)
  if (name !== DEMO_MODEL && !(await isTaken(folder))) return folder
  const reason =
    name === DEMO_MODEL ? `"${DEMO_MODEL}" is the name of the built-in model.` : `A model "${name}" already exists in ${folder}.`
  throw new TarsierError(
    'model-exists',
    `${reason} Choose another name${name === DEMO_MODEL ? '' : ', or remove the existing model first'}.`,
    {
      details: { name },
    },
  )
}

/**
 * Returns the folder of a model in the home's `models` folder, even of a damaged one. Only these models can be changed. Throws `usage` for
 * the bundled model, `model-missing`, listing the existing models.
 */
export async function ownModelFolder(name: string, home: string): Promise<string> {
  if (name === DEMO_MODEL) {
    throw new TarsierError('usage', `"${DEMO_MODEL}" is the built-in model and cannot be removed or renamed.`, { details: { name } })
  }
  const folder = join(modelsFolder(home), name)
  if (isModelName(name) && (await isTaken(folder))) return folder
  const names = (await listModels(home)).map((entry) => entry.name).filter((one) => one !== DEMO_MODEL)
  throw new TarsierError(
    'model-missing',
    `The model "${name}" does not exist in ${modelsFolder(home)}. ${names.length === 0 ? 'No models have been imported yet.' : `Installed models: ${names.join(', ')}.`}`,
    { details: { asked: name, models: names } },
  )
}

/**
 * Deletes a model's folder; for a link, deletes only the link. The folder is renamed first, so that no partially deleted model is listed.
 * Also deletes the remains of earlier removals that failed because a file was in use or the process was killed. Throws as {@link
 * ownModelFolder} does, and `write-failed`.
 */
export async function removeModel(name: string, home: string): Promise<void> {
  const folder = await ownModelFolder(name, home)
  const models = modelsFolder(home)
  await changing(folder, () => move(folder, join(models, `${REMOVED}${randomUUID()}`)))
  for (const leftover of (await readdir(models)).filter((entry) => entry.startsWith(REMOVED))) {
    const path = join(models, leftover)
    await changing(path, () => remove(path))
  }
}

/**
 * Renames a model's folder and the name in its manifest, and returns the new folder. Throws as {@link ownModelFolder} and {@link
 * freeModelFolder} do, and `write-failed`.
 */
export async function renameModel(name: string, to: string, home: string): Promise<string> {
  const folder = await ownModelFolder(name, home)
  const target = await freeModelFolder(to, home)
  const manifest = await readManifest(folder)
  const path = join(folder, MANIFEST_FILE)
  const before = await readFile(path)
  await changing(folder, async () => {
    await replaceFile(path, `${JSON.stringify({ ...manifest, name: to }, null, 2)}\n`)
    try {
      await move(folder, target)
    } catch (error) {
      await replaceFile(path, before)
      throw error
    }
  })
  return target
}

async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  await writeFile(temporary, content)
  await move(temporary, path)
}

async function changing(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const failure = writeFailure(`${folder} could not be changed`, error)
    if (!(failure instanceof TarsierError) || failure === error || failure.code !== 'write-failed') throw failure
    throw new TarsierError('write-failed', `${failure.message} Make sure that no program is using the model.`, { cause: error })
  }
}
