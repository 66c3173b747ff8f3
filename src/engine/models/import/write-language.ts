import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type CopyOptions, copyFileBytes } from '../../../platform/copy-file.ts'
import { isMissing } from '../../../platform/file-failure.ts'
import { addFile } from '../../../platform/file-pieces.ts'
import { hashFile } from '../../../platform/hash-file.ts'
import { realPath } from '../../../platform/real-path.ts'
import type { LanguagePrecision, ModelManifest } from '../../../shared/model-manifest.ts'
import { phrase } from '../../../shared/phrase.ts'
import type { GivenLanguage, ModelParts, WrittenLanguage } from '../../checkpoint/model-parts.ts'
import { type GgufContent, ggufBytes, ggufHeader, ggufTensorPieces } from '../../formats/gguf/gguf-writer.ts'
import { GrowingFile, type HashedFile, type Resumed } from '../../formats/growing-file.ts'
import type { ImportJournal } from './import-journal.ts'
import { isQuantized, type QuantizedPrecision, quantizedBytes, quantizedContent } from './quantize-language.ts'
import { Quantizer } from './quantizer.ts'

const LANGUAGE_FILE = 'language.gguf'

export interface LanguageWork {
  readonly precision: ModelManifest['language']['precision']
  /** Approximate number of bytes to write. */
  readonly bytes: number
  /** Writes the language model into the import's folder, or resumes writing. `onDone` receives the number of finished bytes out of {@link bytes}. */
  write(directory: string, journal: ImportJournal, signal: AbortSignal, onDone: (bytes: number, title: string) => void): Promise<HashedFile>
}

/** Returns the steps for a model's language file: copying a given GGUF, or writing one, quantized if necessary. */
export function languageWork(language: ModelParts['language'], precision: LanguagePrecision, signal: AbortSignal): LanguageWork {
  if ('given' in language) return givenWork(language)
  return isQuantized(precision) ? quantizedWork(language, precision, signal) : writtenWork(language.content(precision, signal), precision)
}

function givenWork({ given: { path, bytes, precision } }: GivenLanguage): LanguageWork {
  return {
    precision,
    bytes,
    async write(directory, journal, signal, onDone) {
      const file = join(directory, LANGUAGE_FILE)
      // Every byte counts half when it is copied, and half when it is checked.
      const countFrom = (start: number, title: string) => {
        let done = start
        onDone(done / 2, title)
        return (more: number) => {
          done += more
          onDone(done / 2, title)
        }
      }
      await takeFile(await realPath(path), file, { signal, onBytes: countFrom(0, phrase`copying the language model`) })
      signal.throwIfAborted()
      const sha256 = await hashFile(file, signal, countFrom(bytes, phrase`checking the language model`))
      const taken = { file: basename(file), bytes: (await stat(file)).size, sha256 }
      await journal.note({ language: taken })
      return taken
    },
  }
}

/** Hard-links the file, or makes a copy that shares its blocks, if the file system supports that; otherwise copies it. */
async function takeFile(from: string, to: string, options: CopyOptions): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
  } catch {
    await link(from, to).catch(() => copyFileBytes(from, to, options)) // different file systems, or not permitted
  }
}

function writtenWork(content: GgufContent, precision: LanguagePrecision): LanguageWork {
  return {
    precision,
    bytes: ggufBytes(content),
    write: (directory, journal, signal, onDone) =>
      writeGguf(content, phrase`writing the language model`, { directory, journal, signal, onDone }),
  }
}

function quantizedWork(language: WrittenLanguage, precision: QuantizedPrecision, signal: AbortSignal): LanguageWork {
  const source = language.content('f16', signal)
  const bytes = quantizedBytes(source, precision)
  return {
    precision,
    bytes,
    async write(directory, journal, signal, onDone) {
      await using quantizer = Quantizer.start(signal)
      await using content = await quantizedContent(source, precision, { directory, quantizer })
      const share = bytes / ggufBytes(content)
      const onShare = (done: number, title: string) => onDone(done * share, title)
      return await writeGguf(content, phrase`quantizing the language model`, { directory, journal, signal, onDone: onShare })
    },
  }
}

interface Target {
  readonly directory: string
  readonly journal: ImportJournal
  readonly signal: AbortSignal
  readonly onDone: (bytes: number, title: string) => void
}

/**
 * Writes the language file, or the missing part of it: tensors that are complete according to the journal are read and hashed instead. Notes
 * it as complete.
 */
async function writeGguf(content: GgufContent, title: string, target: Target): Promise<HashedFile> {
  const { directory, journal, signal, onDone } = target
  const path = join(directory, LANGUAGE_FILE)
  const begun = await resumed(path, content, target)
  const file = await GrowingFile.open(path, constants.O_WRONLY | constants.O_CREAT, { resumed: begun ?? undefined })
  try {
    const append = async (piece: Uint8Array) => {
      signal.throwIfAborted()
      await file.append(piece)
      onDone(file.bytes, title)
    }
    if (file.bytes === 0) await append(ggufHeader(content))
    for (const [index, tensor] of content.tensors.entries()) {
      const tensors = index + 1
      if (begun && tensors <= begun.tensors) continue
      for await (const piece of ggufTensorPieces(tensor)) await append(piece)
      if (file.flushIsDue || tensors === content.tensors.length) await file.flush((there) => journal.note({ begun: { ...there, tensors } }))
    }
    const language = await file.finish()
    await journal.note({ begun: undefined, language })
    return language
  } finally {
    await file.close()
  }
}

/** State of a partial file according to the journal, if the file matches it; otherwise null, and the file is written from scratch. */
async function resumed(
  path: string,
  content: GgufContent,
  { journal: { begun }, signal, onDone }: Target,
): Promise<(Resumed & { readonly tensors: number }) | null> {
  if (!begun || begun.bytes !== ggufBytes(content, begun.tensors) || (await fileSize(path)) < begun.bytes) return null
  const hash = createHash('sha256')
  let bytes = 0
  const onBytes = (more: number) => {
    bytes += more
    onDone(bytes, phrase`checking files of the previous import`)
  }
  await addFile(hash, path, { signal, end: begun.bytes, onBytes })
  return hash.copy().digest('hex') === begun.sha256 ? { hash, bytes, tensors: begun.tensors } : null
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}
