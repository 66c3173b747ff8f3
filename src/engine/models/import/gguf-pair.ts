import { basename, dirname } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'
import type { LanguagePrecision, ModelManifest } from '../../../shared/model-manifest.ts'
import { sourceOf } from '../../checkpoint/checkpoint-source.ts'
import { PAIR_TEXTS, textOf } from '../../checkpoint/gguf-pair-files.ts'
import { isMmproj, readMmprojSettings } from '../../checkpoint/mmproj-settings.ts'
import type { GivenLanguage, ModelOptions, ModelParts } from '../../checkpoint/model-parts.ts'
import { families } from '../../families/families.ts'
import { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { checkLanguageHead } from '../../language/gguf-check.ts'
import type { LanguageShape } from '../../language/gguf-hyperparameters.ts'

/** llama.cpp's numbers for the type of most tensors in a file. */
const FILE_TYPES: Readonly<Record<number, LanguagePrecision>> = { 0: 'f32', 1: 'f16', 7: 'q8_0', 15: 'q4_k_m', 17: 'q5_k_m', 18: 'q6_k' }

export interface GgufPair extends AsyncDisposable {
  readonly parts: ModelParts
}

/**
 * Reads a language model's GGUF and its mmproj file as llama.cpp's converter writes them, in either order. The language model is used as
 * is, the tower is written anew from the mmproj's tensors. Both files stay open until the result is disposed.
 * Throws `model-unsupported`, `model-mismatch`, `model-damaged`, `file-missing`, `file-unreadable`.
 */
export async function openGgufPair(paths: readonly [string, string], options: ModelOptions): Promise<GgufPair> {
  const files: GgufFile[] = []
  const close = async () => {
    for (const file of files) await file[Symbol.asyncDispose]()
  }
  try {
    for (const path of paths) files.push(await GgufFile.open(path, PAIR_TEXTS))
    const mmproj = files.find(isMmproj)
    const language = files.find((file) => !isMmproj(file))
    if (!mmproj || !language) {
      throw new TarsierError(
        'model-unsupported',
        `${paths[0]} and ${paths[1]} are both ${mmproj ? 'vision towers' : 'language models'}. Give one language model and its mmproj file.`,
      )
    }
    return { parts: readPair(language, mmproj, options), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function readPair(language: GgufFile, mmproj: GgufFile, options: ModelOptions): ModelParts {
  const shape = checkLanguageHead(language.path, language.head)
  const settings = readMmprojSettings(mmproj)
  const metadata = { width: shape.rowWidth, context: shape.context }
  const found = {
    licence: textOf(language, 'general.license.name') ?? textOf(language, 'general.license'),
    source: pairSource(language.path),
  }
  const pairs = families.map((family) => family.pair)
  const pair = pairs.find(({ projector, takes }) => settings.projector === projector && takes(shape.architecture))
  if (!pair) throw unsupportedPair(language, shape, mmproj, settings.projector)
  return {
    ...pair.read({ language, shape, mmproj, settings, found }, options),
    language: { metadata: metadata, ...givenOf(language) },
  }
}

function unsupportedPair(language: GgufFile, { architecture }: LanguageShape, mmproj: GgufFile, projector: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `${language.path} is of the architecture "${architecture}", ${mmproj.path} has the projector "${projector}". Only pairs of ${families.map(({ pair }) => pair.accepted).join(' and of ')} are supported.`,
    { details: { architecture, projector } },
  )
}

function givenOf({ path, size, head }: GgufFile): GivenLanguage {
  return { given: { path, bytes: size, precision: FILE_TYPES[Number(head.values.get('general.file_type'))] ?? 'other' } }
}

/**
 * Source of a pair: repository and commit if it is in a snapshot, as for checkpoints; otherwise the file's name, which is more specific
 * than its folder's.
 */
function pairSource(path: string): ModelManifest['source'] {
  const source = sourceOf(dirname(path))
  return source.revision === null ? { repository: basename(path), revision: null } : source
}
