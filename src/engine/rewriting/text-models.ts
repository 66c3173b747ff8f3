import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isMissing, readFailure } from '../../platform/file-failure.ts'
import { hashFile } from '../../platform/hash-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import { fileStamp } from '../media/local-file.ts'

const EXTENSION = '.gguf'

/** Folder of the text models that shapes name. */
export function textModelsFolder(home: string): string {
  return join(home, 'text-models')
}

/**
 * File of a text model, given its path or its name in the folder of text models, with or without its extension. Throws `rewriter-missing`, listing the
 * models that are there.
 */
export async function textModelFile(given: { readonly path: string } | { readonly name: string }, home: string): Promise<string> {
  const folder = textModelsFolder(home)
  const places = 'path' in given ? [resolve(given.path)] : [join(folder, given.name), join(folder, `${given.name}${EXTENSION}`)]
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  const names = await textModels(folder)
  const there = names.length === 0 ? `There is none in ${folder}` : `In ${folder} there are: ${names.join(', ')}`
  throw new TarsierError(
    'rewriter-missing',
    `The text model "${'path' in given ? given.path : given.name}" does not exist. ${there}. Put a text model (a GGUF file) there, or remove "model" from the shape to let the model that describes the clip rewrite.`,
    { details: { models: names } },
  )
}

/** Hashes of this process, by path: several engines of a run use the same text model, which has gigabytes. */
const hashes = new Map<string, { readonly stamp: string; readonly sha256: string }>()

/** SHA-256 of a text model, in hex. Throws as {@link hashFile} does. */
export async function textModelHash(path: string, signal: AbortSignal): Promise<string> {
  const stamp = await fileStamp(path)
  const known = hashes.get(path)
  if (known?.stamp === stamp) return known.sha256
  const sha256 = await hashFile(path, signal)
  hashes.set(path, { stamp, sha256 })
  return sha256
}

async function textModels(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(EXTENSION)).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw readFailure(folder, error)
  }
}
