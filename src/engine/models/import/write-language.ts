import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, open, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LanguagePrecision, ModelManifest } from '../../../shared/model-manifest.ts'
import { readExactly } from '../contained-file.ts'
import { hashFile } from '../manifest.ts'
import { type GgufContent, ggufBytes, ggufHeader, ggufTensorPieces } from './gguf-writer.ts'
import type { ImportJournal } from './import-journal.ts'
import type { GivenLanguage, ModelParts, WrittenLanguage } from './model-parts.ts'
import { isQuantized, type QuantizedPrecision, quantizedBytes, quantizeLanguage } from './quantize-language.ts'

const LANGUAGE_FILE = 'language.gguf'
/** What llama.cpp quantizes from, gone when it has. */
const UNQUANTIZED_FILE = 'language-f16.gguf'
/** What a kill may cost at most, beside the tensor being written. */
const NOTED_EVERY_BYTES = 64 * 1024 * 1024
const READ_BYTES = 1024 * 1024

type LanguageFile = Pick<ModelManifest['language'], 'file' | 'bytes' | 'sha256'>

export interface LanguageWork {
  readonly precision: ModelManifest['language']['precision']
  /** About how many bytes will be written, the most that lie on the disk at once among them. */
  readonly bytes: number
  /** Writes the language model into the import's folder, or goes on with it. `onDone` is told the bytes that are done of {@link bytes}. */
  write(
    directory: string,
    journal: ImportJournal,
    signal: AbortSignal,
    onDone: (bytes: number, title: string) => void,
  ): Promise<LanguageFile>
}

/** What is to be done for a model's language file: copying a GGUF that was given, writing one, or writing and quantizing it. */
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
      onDone(0, 'taking the language model')
      await takeFile(await realpath(path), file)
      signal.throwIfAborted()
      onDone(bytes / 2, 'checking the language model')
      const taken = { file: LANGUAGE_FILE, bytes: (await stat(file)).size, sha256: await hashFile(file, signal) }
      await journal.note({ language: taken })
      onDone(bytes, 'checking the language model')
      return taken
    },
  }
}

/** The file itself under a second name or a copy that shares its blocks, where the disk can do that; otherwise a copy. */
async function takeFile(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
  } catch {
    await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_EXCL)) // not on one disk, or not allowed
  }
}

function writtenWork(content: GgufContent, precision: LanguagePrecision): LanguageWork {
  const bytes = ggufBytes(content)
  return {
    precision,
    bytes,
    async write(directory, journal, signal, onDone) {
      const language = await writeGguf(content, directory, LANGUAGE_FILE, journal, signal, onDone)
      await journal.note({ begun: undefined, language })
      return language
    },
  }
}

function quantizedWork(language: WrittenLanguage, precision: QuantizedPrecision, signal: AbortSignal): LanguageWork {
  const content = language.content('f16', signal)
  const [written, quantized] = [ggufBytes(content), quantizedBytes(content, precision)]
  return {
    precision,
    bytes: written + quantized,
    async write(directory, journal, signal, onDone) {
      await writeGguf(content, directory, UNQUANTIZED_FILE, journal, signal, onDone)
      const path = join(directory, LANGUAGE_FILE)
      const onProgress = (part: number) => onDone(written + part * quantized, 'quantizing the language model')
      await quantizeLanguage(join(directory, UNQUANTIZED_FILE), path, { precision, signal, onProgress })
      const file = { file: LANGUAGE_FILE, bytes: (await stat(path)).size, sha256: await hashFile(path, signal) }
      await journal.note({ begun: undefined, language: file })
      await rm(join(directory, UNQUANTIZED_FILE))
      return file
    },
  }
}

/** Writes a GGUF, or what is missing of it: tensors that the journal knows to be whole are read and hashed instead. */
async function writeGguf(
  content: GgufContent,
  directory: string,
  name: string,
  journal: ImportJournal,
  signal: AbortSignal,
  onDone: (bytes: number, title: string) => void,
): Promise<LanguageFile> {
  const path = join(directory, name)
  const file = await open(path, constants.O_RDWR | constants.O_CREAT)
  let writing: Promise<void> = Promise.resolve()
  try {
    const state = (await resumed(file, path, content, journal, signal, onDone)) ?? { hash: createHash('sha256'), bytes: 0, tensors: 0 }
    await file.truncate(state.bytes)
    const { hash } = state
    let { bytes } = state
    let noted = bytes
    // A piece is written while the next one is made.
    const append = async (piece: Uint8Array) => {
      signal.throwIfAborted()
      await writing
      writing = writeAll(file, piece, bytes)
      writing.catch(() => {}) // told when it is waited for
      hash.update(piece)
      bytes += piece.byteLength
      onDone(bytes, 'writing the language model')
    }
    if (bytes === 0) await append(ggufHeader(content))
    for (const [index, tensor] of content.tensors.entries()) {
      if (index < state.tensors) continue
      for await (const piece of ggufTensorPieces(tensor)) await append(piece)
      const last = index + 1 === content.tensors.length
      if (bytes - noted < NOTED_EVERY_BYTES && !last) continue
      await writing
      await file.sync()
      await journal.note({ begun: { file: name, bytes, tensors: index + 1, sha256: hash.copy().digest('hex') } })
      noted = bytes
    }
    return { file: name, bytes, sha256: hash.digest('hex') }
  } finally {
    await writing.catch(() => {}) // told already, or of no interest beside what ended it
    await file.close()
  }
}

/** What the journal knows of the file, if the file agrees; null otherwise, and it is written anew. */
async function resumed(
  file: FileHandle,
  path: string,
  content: GgufContent,
  { begun }: ImportJournal,
  signal: AbortSignal,
  onDone: (bytes: number, title: string) => void,
): Promise<{ readonly hash: Hash; readonly bytes: number; readonly tensors: number } | null> {
  if (!begun || begun.bytes !== ggufBytes(content, begun.tensors) || (await file.stat()).size < begun.bytes) return null
  const hash = createHash('sha256')
  for (let at = 0; at < begun.bytes; at += READ_BYTES) {
    signal.throwIfAborted()
    const piece = new Uint8Array(Math.min(READ_BYTES, begun.bytes - at))
    await readExactly(file, piece, at, path)
    hash.update(piece)
    onDone(at + piece.byteLength, 'checking what was written before')
  }
  return hash.copy().digest('hex') === begun.sha256 ? { hash, bytes: begun.bytes, tensors: begun.tensors } : null
}

async function writeAll(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < piece.byteLength; ) {
    const { bytesWritten } = await file.write(piece, done, piece.byteLength - done, position + done)
    done += bytesWritten
  }
}
