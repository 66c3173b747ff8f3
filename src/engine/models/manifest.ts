import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hashFile } from '../../platform/hash-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import { MANIFEST_FILE, MANIFEST_VERSION, type ModelManifest, modelManifestSchema } from '../../shared/model-manifest.ts'
import { checkFields, readJsonFile } from '../formats/checked-json.ts'
import { containedPath } from '../formats/contained-file.ts'
import type { HashedFile } from '../formats/growing-file.ts'

const versionSchema = z.object({ formatVersion: z.number() })

/** Files in a manifest, in the order in which they are used. */
export function modelFiles(manifest: ModelManifest): HashedFile[] {
  const { language, vision } = manifest
  return [language, vision, ...(vision.data ? [vision.data] : [])]
}

/** Identifies the weights of a model, whatever its name is: the hashes of its language model and its vision tower. */
export function weightsOf({ language, vision }: ModelManifest): string {
  return `${language.sha256} ${vision.sha256}`
}

/** Size of a model's files, in bytes; roughly its memory use. */
export function modelBytes(manifest: ModelManifest): number {
  return modelFiles(manifest).reduce((sum, { bytes }) => sum + bytes, 0)
}

/**
 * Reads and checks a model folder's manifest, and checks that its files exist with the sizes in it. Throws `model-missing` if the folder
 * has no model, `model-unsupported` for another manifest version, `model-mismatch` if language model and vision tower have different
 * widths, `model-damaged` otherwise. Does not read the files' contents: {@link verifyModel} does.
 */
export async function readManifest(directory: string): Promise<ModelManifest> {
  const path = join(directory, MANIFEST_FILE)
  const value = await readJsonFile(directory, MANIFEST_FILE)
  if (value === null) {
    throw new TarsierError(
      'model-missing',
      `${directory} is not a model folder because it contains no ${MANIFEST_FILE}. Import a checkpoint first.`,
      { remedy: 'import-model' },
    )
  }
  const { formatVersion } = checkFields(value, versionSchema, path)
  if (formatVersion !== MANIFEST_VERSION) {
    throw new TarsierError(
      'model-unsupported',
      `${path} has version ${formatVersion}, but this program supports version ${MANIFEST_VERSION}. Update Tarsier Desktop, or import the model again.`,
      { details: { found: formatVersion, expected: MANIFEST_VERSION } },
    )
  }
  const manifest = checkFields(value, modelManifestSchema, path)
  if (manifest.language.width !== manifest.vision.width) {
    throw new TarsierError(
      'model-mismatch',
      `The vision tower of ${manifest.name} produces rows of ${manifest.vision.width} values, but its language model requires ${manifest.language.width}. The two files do not match. Import the model again.`,
      { details: { vision: manifest.vision.width, language: manifest.language.width } },
    )
  }
  for (const { file, bytes } of modelFiles(manifest)) {
    const { size } = await stat(await presentFile(directory, file))
    if (size !== bytes) {
      throw new TarsierError(
        'model-damaged',
        `${join(directory, file)} has ${size} bytes instead of ${bytes}. Import or copy the model again.`,
        {
          details: { file, found: size, expected: bytes },
        },
      )
    }
  }
  return manifest
}

/**
 * Compares every file's sha256 with the manifest's and throws `model-damaged` for the first difference. Reads all files and reports the
 * number of bytes read.
 */
export async function verifyModel(
  directory: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<ModelManifest> {
  const manifest = await readManifest(directory)
  for (const { file, sha256 } of modelFiles(manifest)) {
    const found = await hashFile(await presentFile(directory, file), signal, onBytes)
    if (found !== sha256) {
      throw new TarsierError('model-damaged', `${join(directory, file)} was changed after the import. Import or copy the model again.`, {
        details: { file, found, expected: sha256 },
      })
    }
  }
  return manifest
}

async function presentFile(directory: string, file: string): Promise<string> {
  const path = await containedPath(directory, file)
  if (path !== null) return path
  throw new TarsierError(
    'model-damaged',
    `${join(directory, file)}, which is listed in ${MANIFEST_FILE}, is missing. Import or copy the model again.`,
    { details: { file } },
  )
}
