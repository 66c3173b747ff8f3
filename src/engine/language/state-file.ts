import { constants } from 'node:buffer'
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { writeFailure } from '../../platform/file-failure.ts'
import { addFile } from '../../platform/file-pieces.ts'
import { memoryLimit } from '../../platform/memory-limit.ts'
import { move, remove } from '../../platform/move.ts'
import { writeAt } from '../../platform/write-at.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import { sizeText } from '../../shared/size-text.ts'
import { type GuardedDevice, runGuarded } from '../devices/device-guard.ts'
import {
  callAsync,
  type LlamaApi,
  type Pointer,
  SEQUENCE_COPY_HEADER_BYTES,
  SEQUENCE_COPY_MAGIC,
  SEQUENCE_HEADER_BYTES,
  SEQUENCE_MAGIC,
  SEQUENCE_VERSION,
} from './llama-header.ts'
import { NativeArray } from './native-memory.ts'
import type { Mark } from './types.ts'

/**
 * A saved sequence is a file in llama.cpp's format: magic, version, a list of tokens, the KV cells. The tokens are not needed, so the list
 * contains the following 32-bit numbers instead:
 *
 *     checksum[8]  sha256 of everything after it
 *     length[2]    of the whole file, low and high half
 *     format, fingerprint[8], cells, position, t of each cell
 *     length of the note in bytes, the note (UTF-8, zero-padded)
 *
 * llama.cpp does not validate the file, so it is passed to llama.cpp only after the checksum was verified.
 */
const FORMAT = 2
const CHECKSUM = 0
const LENGTH = 8
const FORMAT_AT = 10
const FINGERPRINT = 11
const CELLS = 19
const POSITION = 20
const TIMES = 21
const CHECKSUM_BYTES = 32
const HASHED_FROM = SEQUENCE_HEADER_BYTES + CHECKSUM_BYTES
const HALF = 2 ** 32
/** Bytes written between checks of the abort signal. */
const PIECE_BYTES = 4 * 1024 * 1024
/** Maximum length of a note; longer ones are invalid. */
const MAX_NOTE_BYTES = 1 << 20

export interface SavedState {
  readonly mark: Mark
  /** t of each cell. */
  readonly times: Int32Array
  /** The caller's note, unchanged. */
  readonly note: string
}

interface Sequence {
  readonly api: LlamaApi
  readonly context: Pointer
  readonly fingerprint: Uint8Array
  /** Guard of the GPU that holds the cells; null for the CPU. */
  readonly gpu: GuardedDevice | null
}

/**
 * Writes a sequence to a temporary file and renames it. llama.cpp only copies its cells into memory, which an abort cannot interrupt; they
 * are written from there, while the context can be used again. Throws `out-of-memory` if there is not enough memory for the copy,
 * `write-failed` or `disk-full` if the file cannot be written, and the signal's reason on an abort, which takes effect within one piece.
 */
export async function saveState(sequence: Sequence, path: string, state: SavedState, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  const cells = await runGuarded(sequence.gpu, 'saving', () => copyCells(sequence))
  const head = headOf(state, sequence.fingerprint, cells.length)
  const temporary = `${path}.part`
  try {
    const file = await open(temporary, 'w')
    try {
      const hash = createHash('sha256').update(head.subarray(HASHED_FROM))
      await file.writeFile(head)
      for (let at = 0; at < cells.length; at += PIECE_BYTES) {
        signal?.throwIfAborted()
        const piece = cells.subarray(at, at + PIECE_BYTES)
        hash.update(piece)
        await file.writeFile(piece) // appends
      }
      // Not synced, which may take seconds: the checksum detects partial files after a power failure.
      await writeAt(file, hash.digest(), SEQUENCE_HEADER_BYTES + CHECKSUM * 4)
    } finally {
      await file.close()
    }
    signal?.throwIfAborted()
    await move(temporary, path)
  } catch (error) {
    throw isAbort(error) || signal?.aborted ? error : writeFailure(`The state of the conversation could not be written to ${path}`, error)
  } finally {
    await remove(temporary)
  }
}

/** Returns the bytes that llama.cpp writes after the list of tokens. Its copy in memory has an additional header of a few bytes. */
async function copyCells({ api, context }: Sequence): Promise<Buffer> {
  const bytes = api.stateSize(context, 0)
  if (bytes > Math.min(memoryLimit(), constants.MAX_LENGTH)) {
    throw new TarsierError('out-of-memory', `There is not enough memory for a copy of the conversation's state (${sizeText(bytes)}).`, {
      details: { bytes },
    })
  }
  // Outside Node's pool, and not zero-filled.
  const cells = Buffer.allocUnsafeSlow(bytes)
  const copied = await callAsync(api.stateCopy, context, cells, bytes, 0)
  if (copied !== bytes || cells.readUInt32LE(0) !== SEQUENCE_COPY_MAGIC || cells.readUInt32LE(4) !== 0) {
    throw new Error(`llama.cpp copied ${copied} of ${bytes} bytes of the state, or in an unknown format`)
  }
  return cells.subarray(SEQUENCE_COPY_HEADER_BYTES)
}

/** Returns the start of the file up to the cells, without the checksum. */
function headOf({ mark, times, note: text }: SavedState, fingerprint: Uint8Array, cellBytes: number): Buffer {
  const note = Buffer.from(text)
  if (note.length > MAX_NOTE_BYTES) throw new Error('a note does not have this length')
  const noteAt = TIMES + times.length
  const numbers = noteAt + 1 + Math.ceil(note.length / 4)
  const head = Buffer.alloc(SEQUENCE_HEADER_BYTES + numbers * 4)
  const put = (value: number, at: number) => head.writeUInt32LE(value, SEQUENCE_HEADER_BYTES + at * 4)
  head.writeUInt32LE(SEQUENCE_MAGIC, 0)
  head.writeUInt32LE(SEQUENCE_VERSION, 4)
  head.writeUInt32LE(numbers, 8)
  const length = head.length + cellBytes
  put(length % HALF, LENGTH)
  put(Math.floor(length / HALF), LENGTH + 1)
  put(FORMAT, FORMAT_AT)
  head.set(fingerprint, SEQUENCE_HEADER_BYTES + FINGERPRINT * 4)
  put(mark.cells, CELLS)
  put(mark.position, POSITION)
  for (const [i, time] of times.entries()) head.writeInt32LE(time, SEQUENCE_HEADER_BYTES + (TIMES + i) * 4)
  put(note.length, noteAt)
  head.set(note, SEQUENCE_HEADER_BYTES + (noteAt + 1) * 4)
  return head
}

/**
 * Reads a sequence into a context, replacing its contents.
 * @returns `refused` if the file is damaged, too large, not a saved sequence, or from another model or build; the context is unchanged.
 * `failed` if llama.cpp rejects the file; the context must be cleared.
 */
export async function loadState(
  { api, context, fingerprint, gpu }: Sequence,
  path: string,
  capacity: number,
): Promise<SavedState | 'refused' | 'failed'> {
  const found = await readNumbers(path, fingerprint, capacity)
  if (found === null) return 'refused'
  const { numbers, ...state } = found
  const metadata = new NativeArray('int32', numbers)
  const count = new NativeArray('pointer', 1)
  try {
    const load = () => callAsync(api.stateLoad, context, path, 0, metadata.address, metadata.length, count.address)
    const read = await runGuarded(gpu, 'saving', load)
    return read === 0 ? 'failed' : state
  } finally {
    metadata.free()
    count.free()
  }
}

/** `numbers` is the length of the list. */
async function readNumbers(
  path: string,
  fingerprint: Uint8Array,
  capacity: number,
): Promise<(SavedState & { readonly numbers: number }) | null> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return null // missing or not accessible: same as never saved
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return null
    const head = Buffer.alloc(SEQUENCE_HEADER_BYTES + TIMES * 4)
    if ((await file.read(head, 0, head.length, 0)).bytesRead !== head.length) return null
    if (head.readUInt32LE(0) !== SEQUENCE_MAGIC || head.readUInt32LE(4) !== SEQUENCE_VERSION) return null
    const numberAt = (at: number) => head.readUInt32LE(SEQUENCE_HEADER_BYTES + at * 4)
    const cells = numberAt(CELLS)
    if (cells > capacity || numberAt(FORMAT_AT) !== FORMAT) return null
    const numbers = head.readUInt32LE(8)
    const noteNumbers = numbers - TIMES - cells - 1
    if (noteNumbers < 0 || noteNumbers * 4 > MAX_NOTE_BYTES + 3) return null
    if (numberAt(LENGTH) + numberAt(LENGTH + 1) * HALF !== stat.size) return null
    const theirs = head.subarray(SEQUENCE_HEADER_BYTES + FINGERPRINT * 4, SEQUENCE_HEADER_BYTES + CELLS * 4)
    if (!theirs.equals(fingerprint)) return null
    const sum = head.subarray(SEQUENCE_HEADER_BYTES, HASHED_FROM)
    if (!sum.equals(await checksum(path))) return null
    const rest = Buffer.alloc((cells + 1 + noteNumbers) * 4)
    if ((await file.read(rest, 0, rest.length, head.length)).bytesRead !== rest.length) return null
    const noteBytes = rest.readUInt32LE(cells * 4)
    if (Math.ceil(noteBytes / 4) !== noteNumbers) return null
    const noteFrom = (cells + 1) * 4
    return {
      mark: { cells, position: numberAt(POSITION) },
      times: asNumbers(rest.subarray(0, cells * 4)),
      note: rest.toString('utf8', noteFrom, noteFrom + noteBytes),
      numbers,
    }
  } catch {
    return null // an unreadable cache file counts as missing
  } finally {
    await file.close()
  }
}

async function checksum(path: string): Promise<Buffer> {
  const hash = createHash('sha256')
  await addFile(hash, path, { start: HASHED_FROM })
  return hash.digest()
}

function asNumbers(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Int32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getInt32(i * 4, true))
}
