import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'
import type { Way } from '../../../shared/ways.ts'
import { isMissing, unreadable } from '../contained-file.ts'
import { INDEX_FILE, openCheckpoint, SINGLE_FILE } from '../safetensors.ts'
import { readModelParts } from './checkpoint-family.ts'
import { openGgufPair } from './gguf-pair.ts'
import type { ModelParts, ModelWishes } from './model-parts.ts'

const GGUF = '.gguf'

/** What an import reads from, opened and checked. */
export interface ImportSource extends AsyncDisposable {
  readonly parts: ModelParts
  /** Tells the source's files from others and from themselves before a change: names, sizes, times. */
  readonly facts: string
}

/**
 * Opens a checkpoint folder, a folder that holds a language model's GGUF and its mmproj file, or those two files themselves.
 * Throws `file-missing`, `file-unreadable`, `model-damaged`, `model-unsupported`, `model-mismatch`, `usage`.
 */
export async function openImportSource(source: string, mmproj: string | undefined, wishes: ModelWishes): Promise<ImportSource> {
  const path = resolve(source)
  if (mmproj !== undefined) return await openPair([path, resolve(mmproj)], wishes)
  const names = await namesIn(path)
  if (names === null) {
    if (!path.toLowerCase().endsWith(GGUF)) {
      throw new TarsierError('file-missing', `${path} is not a folder. Give the folder that holds the checkpoint.`)
    }
    throw new TarsierError(
      'usage',
      `${path} is a language model alone. Give a folder with its vision tower in it too, a GGUF whose name mostly begins with "mmproj".`,
      { details: { way: 'name-vision-tower' satisfies Way } },
    )
  }
  const ggufs = names.filter((name) => name.toLowerCase().endsWith(GGUF))
  if (ggufs.length > 0 && !names.includes(SINGLE_FILE) && !names.includes(INDEX_FILE)) {
    const [first, second] = ggufs
    if (first !== undefined && second !== undefined && ggufs.length === 2) {
      return await openPair([join(path, first), join(path, second)], wishes)
    }
    throw new TarsierError(
      'usage',
      `${path} holds ${ggufs.length} GGUF files: ${ggufs.slice(0, 10).join(', ')}. Put the two that are meant, a language model and its vision tower, into a folder of their own.`,
      { details: { way: 'name-vision-tower' satisfies Way } },
    )
  }
  const tensors = await openCheckpoint(path)
  try {
    return {
      parts: await readModelParts(path, tensors, wishes),
      facts: await factsOf(names.map((name) => join(path, name))),
      [Symbol.asyncDispose]: () => tensors[Symbol.asyncDispose](),
    }
  } catch (error) {
    await tensors[Symbol.asyncDispose]()
    throw error
  }
}

async function openPair(paths: readonly [string, string], wishes: ModelWishes): Promise<ImportSource> {
  const pair = await openGgufPair(paths, wishes)
  return { parts: pair.parts, facts: await factsOf(paths), [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() }
}

/** What lies in a folder, in order; null when it is a file. */
async function namesIn(path: string): Promise<string[] | null> {
  try {
    if (!(await stat(path)).isDirectory()) return null
    return (await readdir(path)).sort()
  } catch (error) {
    if (isMissing(error)) throw new TarsierError('file-missing', `There is no folder ${path}. Give the folder that holds the checkpoint.`)
    throw unreadable(path, error)
  }
}

async function factsOf(paths: readonly string[]): Promise<string> {
  const lines: string[] = []
  for (const path of paths) {
    // A link that leads nowhere, or a folder, is no part of the source.
    const facts = await stat(path).catch(() => null)
    if (facts?.isFile()) lines.push(`${path} ${facts.size} ${facts.mtimeMs} ${facts.ino}`)
  }
  return lines.join('\n')
}
