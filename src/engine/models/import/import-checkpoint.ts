import { createHash } from 'node:crypto'
import { open, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Progress } from '../../../shared/engine-events.ts'
import { TarsierError } from '../../../shared/errors.ts'
import {
  type LanguagePrecision,
  MANIFEST_FILE,
  MANIFEST_VERSION,
  type ModelManifest,
  modelManifestSchema,
  type VisionPrecision,
} from '../../../shared/model-manifest.ts'
import { checkTowerFiles } from '../../vision/tower-files.ts'
import { hashFile, verifyModel } from '../manifest.ts'
import { DEMO_MODEL, isModelName, modelsFolder } from '../registry.ts'
import { openCheckpoint } from '../safetensors.ts'
import type { TensorSource } from '../types.ts'
import { readChatTemplates } from './chat-template.ts'
import { type CheckpointConfig, readCheckpointConfig } from './checkpoint-config.ts'
import { readPreprocessing } from './checkpoint-preprocessing.ts'
import { expectRoom, writeFolderAside } from './folder-aside.ts'
import { encodeGguf, type GgufContent, ggufBytes } from './gguf-writer.ts'
import { readModelCard } from './model-card.ts'
import { languageContent } from './qwen2-vl-language.ts'
import { towerBytes, writeQwen2VlTower } from './qwen2-vl-tower.ts'
import { readTokenizerFiles } from './tokenizer-files.ts'
import { makeVocabulary, type Vocabulary } from './vocabulary.ts'

const LANGUAGE_FILE = 'language.gguf'
const VISION_FILE = 'vision.onnx'
/** The token that stands for a clip in the template. */
const VIDEO_PAD = '<|video_pad|>'
/** Tarsier2's own settings, which no file of a checkpoint tells. */
const SAMPLER = 'uniform'
const FRAMES = 16
const MAX_SEQUENCE = 16384
const DESCRIBE = 'Describe the video in detail.'
const GENERATION = { maxTokens: 256, temperature: 0, topP: 1 } as const
/** The part of the whole that writing takes; checking what was written is the rest. */
const WRITING = 0.9

export interface ImportOptions {
  /** What the model is called; its folder's name. */
  readonly name: string
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  /** Whose `models` folder it goes to. */
  readonly home: string
  /** Another folder for it, under whatever name: the one that shall become the model's. Defaults to `models/<name>` of the home. */
  readonly destination?: string
  /** One sentence shown wherever the model is named. Defaults to none. */
  readonly summary?: string
  /** Defaults to what the checkpoint's card says. */
  readonly licence?: string
  /** Frames a clip gives unless the user says otherwise. Defaults to Tarsier2's 16. */
  readonly frames?: number
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Makes a model folder from a Qwen2-VL checkpoint as Hugging Face writes it, and returns its path. It is written aside,
 * read back and checked, and only then given its name; a failure or an abort leaves nothing behind.
 * Throws `usage` for a name that cannot be one, `model-exists`, `model-damaged`, `model-unsupported`, `model-mismatch`, `file-missing`,
 * `file-unreadable`, `disk-full`, `write-failed`.
 */
export async function importCheckpoint(directory: string, options: ImportOptions): Promise<string> {
  const { signal } = options
  signal.throwIfAborted()
  const target = targetOf(options)
  const checkpoint = resolve(directory)
  return await writeFolderAside(dirname(target), basename(target), async (aside) => {
    await using source = await openCheckpoint(checkpoint)
    const config = await readCheckpointConfig(checkpoint)
    const parts = await readParts(checkpoint, config, options)
    const content = languageContent(source, parts, { precision: options.language, signal })
    const languageBytes = ggufBytes(content)
    const visionBytes = towerBytes(config.vision, options.vision)
    await expectRoom(aside, languageBytes + visionBytes)
    const tell = (done: number, title: string) => options.onProgress?.({ value: (WRITING * done) / (languageBytes + visionBytes), title })

    const language = await writeLanguage(content, aside, signal, (done) => tell(done, 'writing the language model'))
    const vision = await writeVision(source, config, aside, options, (part) =>
      tell(languageBytes + part * visionBytes, 'writing the vision tower'),
    )
    const manifest = modelManifestSchema.parse({
      ...parts.manifest,
      language: { ...language, precision: options.language, width: config.language.width, context: config.language.context },
      vision,
    })
    await writeFile(join(aside, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx' })
    options.onProgress?.({ value: WRITING, title: 'checking what was written' })
    await verifyModel(aside, signal)
    await checkTowerFiles(aside, manifest.vision)
    signal.throwIfAborted()
    options.onProgress?.({ value: 1, title: 'done' })
  })
}

function targetOf({ name, home, destination }: ImportOptions): string {
  if (!isModelName(name)) {
    throw new TarsierError(
      'usage',
      `"${name}" cannot be a model's name. Use letters, digits, dots, dashes and underscores, up to 128, beginning with a letter or digit.`,
      { details: { name } },
    )
  }
  if (destination !== undefined) return resolve(destination)
  if (name !== DEMO_MODEL) return join(modelsFolder(home), name)
  throw new TarsierError('model-exists', `"${DEMO_MODEL}" is the model that comes with the app. Give another name.`, { details: { name } })
}

/** Everything but the weights: what the GGUF's metadata and the manifest need. */
async function readParts(directory: string, config: CheckpointConfig, options: ImportOptions) {
  const vocabulary = makeVocabulary(await readTokenizerFiles(directory), config.language.vocabulary, config.language.tokenIds)
  expectTokens(vocabulary, directory)
  const templates = await readChatTemplates(directory)
  if (!templates.processor.includes(VIDEO_PAD)) {
    throw new TarsierError(
      'model-unsupported',
      `The chat template in ${directory} has no place for a clip ("${VIDEO_PAD}"): it is not that of a Qwen2-VL checkpoint.`,
    )
  }
  const card = await readModelCard(directory)
  const manifest = {
    formatVersion: MANIFEST_VERSION,
    family: 'tarsier2',
    name: options.name,
    summary: options.summary ?? '',
    licence: options.licence ?? card.licenceName ?? card.licence ?? 'unknown',
    source: sourceOf(directory),
    preprocessing: await readPreprocessing(directory, config.vision),
    sampler: { kind: SAMPLER, frames: options.frames ?? FRAMES },
    prompt: { template: templates.processor, videoPad: VIDEO_PAD, describe: DESCRIBE },
    maxSequence: Math.min(MAX_SEQUENCE, config.language.context),
    generation: GENERATION,
  } satisfies Omit<ModelManifest, 'language' | 'vision'>
  return { name: options.name, config: config.language, vocabulary, template: templates.tokenizer, card, manifest }
}

function expectTokens({ tokens, specialIds }: Vocabulary, directory: string): void {
  if (!tokens.includes(VIDEO_PAD)) {
    throw new TarsierError(
      'model-unsupported',
      `The tokenizer in ${directory} has no token "${VIDEO_PAD}": it is not that of a Qwen2-VL checkpoint.`,
    )
  }
  for (const [kind, id] of specialIds) {
    if (id >= tokens.length) {
      throw new TarsierError(
        'model-damaged',
        `${directory}: the ${kind} token has the id ${id}, but there are only ${tokens.length} tokens.`,
      )
    }
  }
  // Without one, llama.cpp would take an ordinary token of GPT-2's place for the end.
  if (!specialIds.has('eos')) {
    throw new TarsierError(
      'model-damaged',
      `${directory} does not say which token ends an answer (eos_token in tokenizer_config.json, or eos_token_id in config.json). Fetch all the checkpoint's files.`,
    )
  }
}

/** Of a snapshot in the Hugging Face cache its repository and revision; otherwise the folder's name, never the path to it. */
function sourceOf(directory: string): ModelManifest['source'] {
  const repository = basename(dirname(dirname(directory)))
  if (basename(dirname(directory)) === 'snapshots' && repository.startsWith('models--')) {
    return { repository: repository.slice('models--'.length).replace('--', '/'), revision: basename(directory) }
  }
  return { repository: basename(directory), revision: null }
}

async function writeLanguage(
  content: GgufContent,
  directory: string,
  signal: AbortSignal,
  onWritten: (bytes: number) => void,
): Promise<Pick<ModelManifest['language'], 'file' | 'bytes' | 'sha256'>> {
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(join(directory, LANGUAGE_FILE), 'wx')
  try {
    for await (const piece of encodeGguf(content)) {
      signal.throwIfAborted()
      hash.update(piece)
      await file.writeFile(piece)
      bytes += piece.byteLength
      onWritten(bytes)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { file: LANGUAGE_FILE, bytes, sha256: hash.digest('hex') }
}

async function writeVision(
  source: TensorSource,
  { vision: config }: CheckpointConfig,
  directory: string,
  { vision: precision, signal }: ImportOptions,
  onProgress: (part: number) => void,
): Promise<ModelManifest['vision']> {
  const { dataFile, width, headSize } = await writeQwen2VlTower(source, config, {
    precision,
    directory,
    fileName: VISION_FILE,
    signal,
    onProgress,
  })
  const factsOf = async (file: string) => {
    const path = join(directory, file)
    return { file, bytes: (await stat(path)).size, sha256: await hashFile(path, signal) }
  }
  return {
    ...(await factsOf(VISION_FILE)),
    precision,
    ...(dataFile !== undefined && { data: await factsOf(dataFile) }),
    width,
    patchSize: config.patch_size,
    mergeSize: config.spatial_merge_size,
    temporalPatchSize: config.temporal_patch_size,
    headSize,
  }
}
