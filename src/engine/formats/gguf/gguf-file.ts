import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { readFailure } from '../../../platform/file-failure.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { type GgufHead, GgufVersionError, readGgufHead } from './gguf-head.ts'
import { GgufError, GgufReader } from './gguf-reader.ts'

const SAMPLES = 16
const SAMPLE_BYTES = 4096

/** An open GGUF with a checked header. */
export class GgufFile implements AsyncDisposable {
  readonly path: string
  readonly size: number
  readonly head: GgufHead
  readonly file: FileHandle
  readonly #headDigest: string

  private constructor(path: string, file: FileHandle, head: GgufHead, reader: GgufReader) {
    this.path = path
    this.file = file
    this.head = head
    this.size = reader.size
    this.#headDigest = reader.digest()
  }

  /**
   * `keep` lists the metadata arrays whose strings are loaded. Throws `file-missing`, `file-unreadable`, `model-damaged` or, for an
   * unsupported version, `model-unsupported`.
   */
  static async open(path: string, keep?: ReadonlySet<string>): Promise<GgufFile> {
    const file = await openFile(path)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new GgufError('it is not a file')
      const reader = new GgufReader(file, stat.size)
      return new GgufFile(path, file, await readGgufHead(reader, keep), reader)
    } catch (error) {
      await file.close()
      throw ggufFailure(path, error)
    }
  }

  /** Identifies the file: hash of its header, its size, and a hash of samples of its weights. */
  async fingerprint(): Promise<string> {
    return `${this.#headDigest} ${this.size} ${await this.#sample()}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close()
  }

  /** Hash of a few chunks from the whole file: two models of the same architecture differ in all parts of their weights. */
  async #sample(): Promise<string> {
    const hash = createHash('sha256')
    const piece = Buffer.alloc(SAMPLE_BYTES)
    for (let i = 1; i <= SAMPLES; i += 1) {
      const position = Math.max(0, Math.floor((this.size * i) / SAMPLES) - SAMPLE_BYTES)
      const { bytesRead } = await this.file.read(piece, 0, SAMPLE_BYTES, position)
      hash.update(piece.subarray(0, bytesRead))
    }
    return hash.digest('hex')
  }
}

/** Converts the GGUF reader's errors to errors for users; returns other errors unchanged. */
export function ggufFailure(path: string, error: unknown): unknown {
  if (error instanceof GgufVersionError) {
    return new TarsierError(
      'model-unsupported',
      `${path} has GGUF version ${error.version}; only versions 2 and 3 are supported. Use another model.`,
      { cause: error },
    )
  }
  if (!(error instanceof GgufError)) return error
  return new TarsierError('model-damaged', `${path} is damaged: ${error.message}. Import or download the model again.`, { cause: error })
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw readFailure(path, error, 'Import or download the model again.')
  }
}
