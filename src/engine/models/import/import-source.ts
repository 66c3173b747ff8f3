import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isMissing, readFailure } from '../../../platform/file-failure.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { CONFIG_FILE, readConfigFile, tiesEmbeddings } from '../../checkpoint/config-file.ts'
import type { ModelOptions, ModelParts } from '../../checkpoint/model-parts.ts'
import { familyOfConfig } from '../../families/families.ts'
import { ADAPTER_CONFIG, INDEX_FILE, openCheckpoint, SINGLE_FILE } from '../../formats/safetensors/safetensors.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'
import { mergeAdapter } from './adapted-tensors.ts'
import { openGgufPair } from './gguf-pair.ts'
import { adapterBase, openLoraAdapter } from './lora-adapter.ts'

const GGUF = '.gguf'

/** An opened and checked source of an import. */
export interface ImportSource extends AsyncDisposable {
  readonly parts: ModelParts
  /** Identifies the source's files and their state: names, sizes, times. */
  readonly fingerprint: string
}

/** Files that belong to a source but are not part of it. */
export interface SourceCompanions {
  /** GGUF of the vision tower, if the source is a language model's GGUF. */
  readonly mmproj?: string | undefined
  /** Folder of a LoRA adapter to merge into the checkpoint's weights. */
  readonly adapter?: string | undefined
}

/**
 * Opens a checkpoint folder, a folder with a language model's GGUF and its mmproj file, or these two files. The error's remedy is
 * `merge-adapter` if an adapter was given as a checkpoint.
 * Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `model-mismatch`, `usage`.
 */
export async function openImportSource(
  source: string,
  { mmproj, adapter }: SourceCompanions,
  options: ModelOptions,
): Promise<ImportSource> {
  const path = resolve(source)
  if (mmproj !== undefined && adapter !== undefined) throw noCheckpoint(path)
  if (mmproj !== undefined) return await openPair([path, resolve(mmproj)], options)
  const names = await namesIn(path)
  if (names === null) {
    if (!path.toLowerCase().endsWith(GGUF)) {
      throw new TarsierError('file-missing', `${path} is not a folder. Give the folder that contains the checkpoint.`)
    }
    throw new TarsierError(
      'usage',
      `${path} is only a language model. Give a folder that also contains its vision tower, usually a GGUF file whose name starts with "mmproj".`,
      { remedy: 'name-vision-tower' },
    )
  }
  // Without hidden files, such as those that macOS puts beside files on other file systems.
  const ggufs = names.filter((name) => name.toLowerCase().endsWith(GGUF) && !name.startsWith('.'))
  const weights = names.includes(SINGLE_FILE) || names.includes(INDEX_FILE)
  if (names.includes(ADAPTER_CONFIG) && !weights) throw await adapterAlone(path)
  if (ggufs.length > 0 && !weights) {
    if (adapter !== undefined) throw noCheckpoint(path)
    const [first, second] = ggufs
    if (first !== undefined && second !== undefined && ggufs.length === 2) {
      return await openPair([join(path, first), join(path, second)], options)
    }
    throw new TarsierError(
      'usage',
      `${path} contains ${ggufs.length} GGUF files: ${ggufs.slice(0, 10).join(', ')}. Move the language model and its vision tower to a separate folder.`,
      { remedy: 'name-vision-tower' },
    )
  }
  const { tensors, paths } = await openTensors(path, adapter)
  try {
    return {
      parts: await readParts(path, tensors, options),
      fingerprint: await fingerprintOf([...names.map((name) => join(path, name)), ...paths]),
      [Symbol.asyncDispose]: () => tensors[Symbol.asyncDispose](),
    }
  } catch (error) {
    await tensors[Symbol.asyncDispose]()
    throw error
  }
}

/** Reads a checkpoint folder of any supported family. */
async function readParts(directory: string, tensors: TensorSource, options: ModelOptions): Promise<ModelParts> {
  const config = await readConfigFile(directory)
  return await familyOfConfig(config, join(directory, CONFIG_FILE)).readParts(directory, config, tensors, options)
}

/** Opens the checkpoint's tensors, with the adapter merged if there is one; `paths` are the adapter's files. */
async function openTensors(directory: string, adapter: string | undefined): Promise<{ tensors: TensorSource; paths: readonly string[] }> {
  if (adapter === undefined) return { tensors: await openCheckpoint(directory), paths: [] }
  const lora = await openLoraAdapter(resolve(adapter))
  let base: TensorSource | null = null
  try {
    base = await openCheckpoint(directory)
    return { tensors: mergeAdapter(base, lora, tiesEmbeddings(await readConfigFile(directory))), paths: lora.paths }
  } catch (error) {
    await base?.[Symbol.asyncDispose]()
    await lora[Symbol.asyncDispose]()
    throw error
  }
}

async function adapterAlone(path: string): Promise<TarsierError> {
  const base = await adapterBase(path)
  return new TarsierError(
    'model-unsupported',
    `${path} contains an adapter${base === null ? '' : ` (for ${base})`}, not a checkpoint. Give the base checkpoint as the source, and the adapter in addition.`,
    { remedy: 'merge-adapter' },
  )
}

function noCheckpoint(path: string): TarsierError {
  return new TarsierError(
    'usage',
    `Adapters cannot be merged into ${path} because it is a GGUF file. Give the checkpoint that the GGUF file was converted from.`,
  )
}

async function openPair(paths: readonly [string, string], options: ModelOptions): Promise<ImportSource> {
  const pair = await openGgufPair(paths, options)
  return { parts: pair.parts, fingerprint: await fingerprintOf(paths), [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() }
}

/** Sorted names of a folder's entries; null for a file. */
async function namesIn(path: string): Promise<string[] | null> {
  try {
    if (!(await stat(path)).isDirectory()) return null
    return (await readdir(path)).sort()
  } catch (error) {
    if (isMissing(error))
      throw new TarsierError('file-missing', `The folder ${path} does not exist. Give the folder that contains the checkpoint.`)
    throw readFailure(path, error)
  }
}

async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const lines: string[] = []
  for (const path of paths) {
    // Broken links and folders are not part of the source.
    const fingerprint = await stat(path).catch(() => null)
    if (fingerprint?.isFile()) lines.push(`${path} ${fingerprint.size} ${fingerprint.mtimeMs} ${fingerprint.ino}`)
  }
  return lines.join('\n')
}
