import { createHash } from 'node:crypto'
import { open, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Progress } from '../../../shared/engine-events.ts'
import { TarsierError } from '../../../shared/errors.ts'
import {
  type LanguagePrecision,
  MANIFEST_FILE,
  type ModelManifest,
  modelManifestSchema,
  type VisionPrecision,
} from '../../../shared/model-manifest.ts'
import { compareRows, embedSamples, type TowerError } from '../../vision/tower-error.ts'
import { checkTowerFiles } from '../../vision/tower-files.ts'
import { hashFile, verifyModel } from '../manifest.ts'
import { DEMO_MODEL, isModelName, modelsFolder } from '../registry.ts'
import { openCheckpoint } from '../safetensors.ts'
import { readModelParts } from './checkpoint-family.ts'
import { canRunExact, exactRows, exampleClips } from './exact-rows.ts'
import { expectRoom, writeFolderAside } from './folder-aside.ts'
import { encodeGguf, type GgufContent, ggufBytes } from './gguf-writer.ts'
import type { ModelParts, ModelWishes } from './model-parts.ts'
import { isQuantized, type QuantizedPrecision, quantizedBytes, quantizeLanguage } from './quantize-language.ts'

const LANGUAGE_FILE = 'language.gguf'
/** What llama.cpp quantizes from, gone when it has. */
const UNQUANTIZED_FILE = 'language-f16.gguf'
const VISION_FILE = 'vision.onnx'
/** The part of the whole that writing takes; checking what was written is the rest. */
const WRITING = 0.9
const EXACT_TITLE = 'running the vision tower in 32 bits, to compare'

export interface ImportOptions extends ModelWishes {
  readonly language: LanguagePrecision
  readonly vision: VisionPrecision
  /** Whose `models` folder it goes to, under the model's name. */
  readonly home: string
  /** Another folder for it, under whatever name: the one that shall become the model's. Defaults to `models/<name>` of the home. */
  readonly destination?: string
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Makes a model folder from a checkpoint folder as Hugging Face writes it, and returns its path. It is written aside,
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
    const parts = await readModelParts(checkpoint, source, options)
    const quantized = isQuantized(options.language) ? options.language : null
    const content = parts.language.content(isQuantized(options.language) ? 'f16' : options.language, signal)
    const writtenBytes = ggufBytes(content)
    const languageBytes = writtenBytes + (quantized ? quantizedBytes(content, quantized) : 0)
    const visionBytes = parts.tower.bytes(options.vision)
    const clips = comparableClips(parts, options)
    const exactBytes = clips === null ? 0 : parts.tower.bytes('f32')
    await expectRoom(aside, languageBytes + Math.max(visionBytes, exactBytes))
    const tell = (done: number, title: string) =>
      options.onProgress?.({ value: (WRITING * done) / (languageBytes + exactBytes + visionBytes), title })

    const written = await writeLanguage(content, aside, quantized ? UNQUANTIZED_FILE : LANGUAGE_FILE, signal, (done) =>
      tell(done, 'writing the language model'),
    )
    const language = quantized
      ? await quantize(aside, quantized, signal, (part) =>
          tell(writtenBytes + part * (languageBytes - writtenBytes), 'quantizing the language model'),
        )
      : written
    const manifestOf = (vision: VisionFiles & { readonly precision: VisionPrecision; readonly error?: TowerError }) =>
      modelManifestSchema.parse({
        ...parts.manifest,
        language: { ...parts.language.facts, ...language, precision: options.language },
        vision: { ...parts.tower.facts, ...vision },
      })
    const exact =
      clips &&
      (await exactRows(aside, clips, signal, async (directory) => {
        const write = { directory, precision: 'f32', signal } as const
        return manifestOf({
          ...(await writeVision(parts.tower, write, (part) => tell(languageBytes + part * exactBytes, EXACT_TITLE))),
          precision: 'f32',
        })
      }))
    const files = await writeVision(parts.tower, { directory: aside, precision: options.vision, signal }, (part) =>
      tell(languageBytes + exactBytes + part * visionBytes, 'writing the vision tower'),
    )
    let manifest = manifestOf({ ...files, precision: options.vision })
    if (clips && exact) {
      options.onProgress?.({ value: WRITING, title: 'comparing the vision tower' })
      const error = compareRows(exact, await embedSamples(aside, manifest, clips, signal), manifest.vision.width, clips.length)
      manifest = manifestOf({ ...files, precision: options.vision, error })
    }
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

type LanguageFile = Pick<ModelManifest['language'], 'file' | 'bytes' | 'sha256'>

async function writeLanguage(
  content: GgufContent,
  directory: string,
  name: string,
  signal: AbortSignal,
  onWritten: (bytes: number) => void,
): Promise<LanguageFile> {
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(join(directory, name), 'wx')
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
  return { file: name, bytes, sha256: hash.digest('hex') }
}

async function quantize(
  directory: string,
  precision: QuantizedPrecision,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<LanguageFile> {
  const path = join(directory, LANGUAGE_FILE)
  await quantizeLanguage(join(directory, UNQUANTIZED_FILE), path, { precision, signal, onProgress })
  await rm(join(directory, UNQUANTIZED_FILE))
  return { file: LANGUAGE_FILE, bytes: (await stat(path)).size, sha256: await hashFile(path, signal) }
}

/** The clips to compare the tower on with itself in 32 bits; null where it is in 32 bits, or this machine has no room for that. */
function comparableClips({ tower }: ModelParts, { vision }: ImportOptions): readonly string[] | null {
  return vision === 'f32' || !canRunExact(tower.bytes('f32')) ? null : exampleClips()
}

type VisionFiles = Pick<ModelManifest['vision'], 'file' | 'bytes' | 'sha256' | 'data'>

async function writeVision(
  tower: ModelParts['tower'],
  { directory, precision, signal }: { readonly directory: string; readonly precision: VisionPrecision; readonly signal: AbortSignal },
  onProgress: (part: number) => void,
): Promise<VisionFiles> {
  const { dataFile } = await tower.write({ precision, directory, fileName: VISION_FILE, signal, onProgress })
  const factsOf = async (file: string) => {
    const path = join(directory, file)
    return { file, bytes: (await stat(path)).size, sha256: await hashFile(path, signal) }
  }
  return { ...(await factsOf(VISION_FILE)), ...(dataFile !== undefined && { data: await factsOf(dataFile) }) }
}
