import { join } from 'node:path'
import protobuf, { type Reader } from 'protobufjs/minimal.js'
import { readFailure } from '../../platform/file-failure.ts'
import { TarsierError } from '../../shared/errors.ts'
import { openContained, readExactly } from '../formats/contained-file.ts'

/** Kinds of pieces, by the numbers that SentencePiece and GGUF share. */
export const pieceKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const

export interface SentencePiece {
  /** Text with ▁ for spaces. */
  readonly text: string
  /** Pieces with greater scores are merged first. */
  readonly score: number
  /** One of {@link pieceKinds}. */
  readonly kind: number
}

/** A trained SentencePiece BPE model. */
export interface SentencePieceModel {
  readonly path: string
  /** Pieces by id. */
  readonly pieces: ReadonlyMap<number, SentencePiece>
  /** Whether a text gets a leading space before it is split. */
  readonly prefixed: boolean
}

export const SENTENCEPIECE_FILE = 'tokenizer.model'
/** Published models take at most 4 MB; the largest vocabularies have a quarter of a million pieces. */
const MAX_BYTES = 32_000_000
const MAX_PIECES = 1 << 20
const LAST_KIND = pieceKinds.byte
/** Field numbers of the format, and the number of the model type BPE. */
const MODEL = { pieces: 1, trainer: 2, normalizer: 3 } as const
const PIECE = { text: 1, score: 2, kind: 3 } as const
const TRAINER_KIND = 3
const NORMALIZER = { prefix: 3, escape: 5 } as const
const BPE = 2
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads tokenizer.model, a protobuf message; null if it is missing. Throws `model-damaged` for an invalid file, and
 * `model-unsupported` for a model that llama.cpp's SentencePiece implementation does not reproduce.
 */
export async function readSentencePieceModel(directory: string): Promise<SentencePieceModel | null> {
  const path = join(directory, SENTENCEPIECE_FILE)
  const bytes = await readWhole(directory, path)
  return bytes === null ? null : parseSentencePieceModel(bytes, path)
}

/** Parses the bytes of a tokenizer.model file; `path` is for error messages. */
export function parseSentencePieceModel(bytes: Uint8Array, path: string): SentencePieceModel {
  const damaged = (what: string, cause?: unknown) =>
    new TarsierError('model-damaged', `${path} is not a SentencePiece model: ${what}. Download the file again.`, { cause })
  const pieces = new Map<number, SentencePiece>()
  let kind = 0
  let prefixed = true
  let escaped = true
  try {
    const reader = protobuf.Reader.create(bytes)
    readMessage(reader, reader.len, {
      [MODEL.pieces]: () => {
        if (pieces.size === MAX_PIECES) throw new RangeError(`it has more than ${MAX_PIECES} pieces`)
        pieces.set(pieces.size, readPiece(reader))
      },
      [MODEL.trainer]: () => readNested(reader, { [TRAINER_KIND]: () => (kind = reader.int32()) }),
      [MODEL.normalizer]: () =>
        readNested(reader, {
          [NORMALIZER.prefix]: () => (prefixed = reader.bool()),
          [NORMALIZER.escape]: () => (escaped = reader.bool()),
        }),
    })
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error)
  }
  if (pieces.size === 0) throw damaged('it has no pieces')
  if (kind !== BPE || !escaped) {
    throw new TarsierError('model-unsupported', `${path} is not a SentencePiece BPE model with ▁ for spaces. Use another checkpoint.`)
  }
  return { path, pieces, prefixed }
}

function readPiece(reader: Reader): SentencePiece {
  let text = ''
  let score = 0
  let kind: number = pieceKinds.normal
  readNested(reader, {
    [PIECE.text]: () => (text = decoder.decode(reader.bytes())),
    [PIECE.score]: () => (score = reader.float()),
    [PIECE.kind]: () => (kind = reader.int32()),
  })
  if (kind < pieceKinds.normal || kind > LAST_KIND) throw new RangeError(`a piece has the type ${kind}`)
  if (!Number.isFinite(score)) throw new RangeError(`a piece has the score ${score}`)
  return { text, score, kind }
}

/** Functions that read a field's value, by field number. */
type FieldReaders = Readonly<Record<number, () => unknown>>

/** Reads a nested message: its length, then its fields. */
function readNested(reader: Reader, fields: FieldReaders): void {
  const length = reader.uint32()
  if (length > reader.len - reader.pos) throw new RangeError('it is truncated')
  readMessage(reader, reader.pos + length, fields)
}

/** Reads fields up to `end`; skips fields with other numbers. */
function readMessage(reader: Reader, end: number, fields: FieldReaders): void {
  while (reader.pos < end) {
    const tag = reader.uint32()
    const read = fields[tag >>> 3]
    if (read) read()
    else reader.skipType(tag & 7)
  }
  if (reader.pos > end) throw new RangeError('a field is longer than the message that contains it')
}

async function readWhole(directory: string, path: string): Promise<Uint8Array | null> {
  // Symbolic links of a snapshot point to the blobs of the Hugging Face cache.
  const file = await openContained(directory, SENTENCEPIECE_FILE, { huggingFaceCache: true })
  if (file === null) return null
  try {
    const { size } = await file.stat()
    if (size > MAX_BYTES) throw new TarsierError('model-damaged', `${path} is too large (${size} bytes).`)
    const bytes = new Uint8Array(size)
    await readExactly(file, bytes, 0, path)
    return bytes
  } catch (error) {
    throw readFailure(path, error)
  } finally {
    await file.close()
  }
}
