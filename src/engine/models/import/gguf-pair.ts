import { basename, dirname } from 'node:path'
import { TarsierError } from '../../../shared/errors.ts'
import type { LanguagePrecision, ModelManifest } from '../../../shared/model-manifest.ts'
import { GgufFile } from '../../formats/gguf/gguf-file.ts'
import { checkLanguageHead } from '../../language/gguf-check.ts'
import type { LanguageShape } from '../../language/gguf-hyperparameters.ts'
import { VOCABULARY_TEXTS } from '../../language/gguf-vocabulary.ts'
import { expectClipPlace, GIVEN_TEMPLATE } from './chat-template.ts'
import { sourceOf } from './checkpoint-source.ts'
import { llavaManifest, llavaTower } from './llava-parts.ts'
import { readLlavaMmproj } from './mmproj-llava.ts'
import { QWEN2_VL_PROJECTOR, readQwen2VlMmproj } from './mmproj-qwen2-vl.ts'
import { isMmproj, LLAVA_PROJECTOR, readMmprojSettings } from './mmproj-settings.ts'
import type { GivenLanguage, ModelParts, ModelWishes } from './model-parts.ts'
import { expectVideoPad, qwen2VlManifest, qwen2VlTower, VIDEO_PAD } from './qwen2-vl-parts.ts'

const TYPES = 'tokenizer.ggml.token_type'
const WANTED: ReadonlySet<string> = new Set([...VOCABULARY_TEXTS, TYPES])
const ACCEPTED = `Pairs of Qwen2-VL (architecture qwen2vl, projector "${QWEN2_VL_PROJECTOR}") and of LLaVA with CLIP (llama or qwen2, projector "${LLAVA_PROJECTOR}") are accepted`
/** llama.cpp's numbers for what most of a file's tensors are. */
const FILE_TYPES: Readonly<Record<number, LanguagePrecision>> = { 0: 'f32', 1: 'f16', 7: 'q8_0', 15: 'q4_k_m', 17: 'q5_k_m', 18: 'q6_k' }

export interface GgufPair extends AsyncDisposable {
  readonly parts: ModelParts
}

/**
 * Reads a language model's GGUF and its mmproj file, as llama.cpp's converter makes them; either may come first. The language model is
 * taken as it is, the tower written anew from the mmproj's tensors. Both files stay open until it is disposed of.
 * Throws `model-unsupported`, `model-mismatch`, `model-damaged`, `file-missing`, `file-unreadable`.
 */
export async function openGgufPair(paths: readonly [string, string], wishes: ModelWishes): Promise<GgufPair> {
  const files: GgufFile[] = []
  const close = async () => {
    for (const file of files) await file[Symbol.asyncDispose]()
  }
  try {
    for (const path of paths) files.push(await GgufFile.open(path, WANTED))
    const mmproj = files.find(isMmproj)
    const language = files.find((file) => !isMmproj(file))
    if (!mmproj || !language) {
      throw new TarsierError(
        'model-unsupported',
        `${paths[0]} and ${paths[1]} are both ${mmproj ? 'vision towers' : 'language models'}. Give one language model and its mmproj file.`,
      )
    }
    return { parts: readPair(language, mmproj, wishes), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function readPair(language: GgufFile, mmproj: GgufFile, wishes: ModelWishes): ModelParts {
  const shape = checkLanguageHead(language.path, language.head)
  const settings = readMmprojSettings(mmproj)
  const facts = { width: shape.width, context: shape.context }
  const found = {
    licence: textOf(language, 'general.license.name') ?? textOf(language, 'general.license'),
    source: pairSource(language.path),
  }
  if (settings.projector === QWEN2_VL_PROJECTOR && shape.architecture === 'qwen2vl') {
    const { vision, preprocessing, tensors } = readQwen2VlMmproj(mmproj, settings, shape.width)
    return {
      manifest: qwen2VlManifest(wishes, {
        ...found,
        preprocessing,
        template: clipTemplate(language, wishes.template),
        context: shape.context,
      }),
      language: { facts, ...givenOf(language) },
      tower: qwen2VlTower(tensors, vision),
    }
  }
  if (settings.projector === LLAVA_PROJECTOR && shape.architecture !== 'qwen2vl') {
    const { tower, preprocessing, tensors } = readLlavaMmproj(mmproj, settings, shape.width)
    return {
      manifest: llavaManifest(wishes, { ...found, preprocessing, vocabulary: vocabularyOf(language), maxSequence: shape.context }),
      language: { facts, ...givenOf(language) },
      tower: llavaTower(tensors, tower),
    }
  }
  throw unsupportedPair(language, shape, mmproj, settings.projector)
}

function unsupportedPair(language: GgufFile, { architecture }: LanguageShape, mmproj: GgufFile, projector: string): TarsierError {
  return new TarsierError(
    'model-unsupported',
    `${language.path} is of the architecture "${architecture}", ${mmproj.path} has the projector "${projector}". ${ACCEPTED}.`,
    { details: { architecture, projector } },
  )
}

function givenOf({ path, size, head }: GgufFile): GivenLanguage {
  return { given: { path, bytes: size, precision: FILE_TYPES[Number(head.values.get('general.file_type'))] ?? 'other' } }
}

function clipTemplate(language: GgufFile, given: string | undefined): string {
  const template = given ?? textOf(language, 'tokenizer.chat_template')
  if (template === undefined) {
    throw new TarsierError('model-damaged', `${language.path} has no chat template. Use another GGUF of the model, or give a template.`, {
      remedy: 'give-template',
    })
  }
  expectClipPlace(template, VIDEO_PAD, given === undefined ? language.path : GIVEN_TEMPLATE)
  expectVideoPad(vocabularyOf(language), language.path)
  return template
}

/** Their presence, and that they are of one length, was checked with the head. */
function vocabularyOf({ head: { values } }: GgufFile) {
  const array = (key: string) => {
    const value = values.get(key)
    return typeof value === 'object' ? value : undefined
  }
  const [tokens = []] = [...VOCABULARY_TEXTS].map((key) => array(key)?.texts)
  const end = values.get('tokenizer.ggml.eos_token_id')
  return { tokens, types: array(TYPES)?.numbers ?? [], specialIds: new Map(typeof end === 'number' ? [['eos', end] as const] : []) }
}

function textOf({ head: { values } }: GgufFile, key: string): string | undefined {
  const value = values.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Of a snapshot its repository and commit, as of checkpoints; otherwise the file's name says more than its folder's. */
function pairSource(path: string): ModelManifest['source'] {
  const source = sourceOf(dirname(path))
  return source.revision === null ? { repository: basename(path), revision: null } : source
}
