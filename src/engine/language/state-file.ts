import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { addFile } from '../../platform/file-pieces.ts'
import { move, remove } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import { isDiskFull, isFolderFull, whyUnwritten } from '../write-failure.ts'
import { callAsync, type LlamaApi, type Pointer, SEQUENCE_HEADER_BYTES, SEQUENCE_MAGIC, SEQUENCE_VERSION } from './llama-header.ts'
import { NativeArray } from './native-memory.ts'
import type { Mark } from './types.ts'

/**
 * A saved sequence is llama.cpp's own file: magic, version, a list of tokens, the KV cells. We need no tokens, so the
 * list holds what we must know instead, as 32-bit numbers:
 *
 *     checksum[8]  sha256 of everything after it
 *     length[2]    of the whole file, low and high half
 *     format, fingerprint[8], cells, position, t of each cell
 *     bytes of the note, the note (UTF-8, filled up with zeros)
 *
 * llama.cpp's reader trusts what it reads, so a file is handed to it only after the checksum was right.
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
/** A longer note is not ours. */
const MAX_NOTE_BYTES = 1 << 20

export interface SavedState {
  readonly mark: Mark
  /** t of each cell. */
  readonly times: Int32Array
  /** What the caller keeps with it, word for word. */
  readonly note: string
}

interface Sequence {
  readonly api: LlamaApi
  readonly context: Pointer
  readonly fingerprint: Uint8Array
}

/** Writes a sequence aside and renames it. Throws `write-failed` when it cannot be written. */
export async function saveState({ api, context, fingerprint }: Sequence, path: string, state: SavedState): Promise<void> {
  const aside = `${path}.part`
  const note = Buffer.from(state.note)
  if (note.length > MAX_NOTE_BYTES) throw new Error('a note is not as long as that')
  const noteAt = TIMES + state.times.length
  const facts = new Int32Array(noteAt + 1 + Math.ceil(note.length / 4))
  facts[FORMAT_AT] = FORMAT
  facts.set(asNumbers(fingerprint), FINGERPRINT)
  facts[CELLS] = state.mark.cells
  facts[POSITION] = state.mark.position
  facts.set(state.times, TIMES)
  facts[noteAt] = note.length
  new Uint8Array(facts.buffer).set(note, (noteAt + 1) * 4)
  const memory = new NativeArray('int32', facts.length)
  try {
    memory.write(facts)
    const written = await callAsync(api.stateSave, context, aside, 0, memory.address, facts.length)
    if (written === 0) throw unwritten(path, new Error('llama.cpp could not write it'))
    await seal(aside)
    await move(aside, path)
  } catch (error) {
    if (error instanceof TarsierError) throw error
    throw unwritten(path, error as Error)
  } finally {
    memory.free()
    await remove(aside)
  }
}

/** Fills in length and checksum, which are known only now. */
async function seal(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const length = Buffer.alloc(8)
    length.writeUInt32LE(size % HALF, 0)
    length.writeUInt32LE(Math.floor(size / HALF), 4)
    await file.write(length, 0, length.length, SEQUENCE_HEADER_BYTES + LENGTH * 4)
    await file.write(await checksum(path), 0, CHECKSUM_BYTES, SEQUENCE_HEADER_BYTES + CHECKSUM * 4)
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Reads a sequence into a context, replacing what it holds.
 * @returns `refused` for a file that is not one of ours, not of this model and build, damaged, or too large, with the
 * context untouched; `failed` when llama.cpp would not have it, and the context must be cleared
 */
export async function loadState(
  { api, context, fingerprint }: Sequence,
  path: string,
  capacity: number,
): Promise<SavedState | 'refused' | 'failed'> {
  const found = await readFacts(path, fingerprint, capacity)
  if (found === null) return 'refused'
  const { numbers, ...state } = found
  const facts = new NativeArray('int32', numbers)
  const count = new NativeArray('pointer', 1)
  try {
    const read = await callAsync(api.stateLoad, context, path, 0, facts.address, facts.length, count.address)
    return read === 0 ? 'failed' : state
  } finally {
    facts.free()
    count.free()
  }
}

/** `numbers` is the length of the list. */
async function readFacts(
  path: string,
  fingerprint: Uint8Array,
  capacity: number,
): Promise<(SavedState & { readonly numbers: number }) | null> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return null // not there any more, or not for us: as good as never saved
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return null
    const head = Buffer.alloc(SEQUENCE_HEADER_BYTES + TIMES * 4)
    if ((await file.read(head, 0, head.length, 0)).bytesRead !== head.length) return null
    if (head.readUInt32LE(0) !== SEQUENCE_MAGIC || head.readUInt32LE(4) !== SEQUENCE_VERSION) return null
    const fact = (at: number) => head.readUInt32LE(SEQUENCE_HEADER_BYTES + at * 4)
    const cells = fact(CELLS)
    if (cells > capacity || fact(FORMAT_AT) !== FORMAT) return null
    const numbers = head.readUInt32LE(8)
    const noteNumbers = numbers - TIMES - cells - 1
    if (noteNumbers < 0 || noteNumbers * 4 > MAX_NOTE_BYTES + 3) return null
    if (fact(LENGTH) + fact(LENGTH + 1) * HALF !== stat.size) return null
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
      mark: { cells, position: fact(POSITION) },
      times: asNumbers(rest.subarray(0, cells * 4)),
      note: rest.toString('utf8', noteFrom, noteFrom + noteBytes),
      numbers,
    }
  } catch {
    return null // an unreadable cache is no cache
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

/** llama.cpp tells only that it failed. */
function unwritten(path: string, cause: Error): TarsierError {
  const what = `The state of the conversation could not be written to ${path}`
  return isDiskFull(cause) || isFolderFull(dirname(path))
    ? new TarsierError('disk-full', `${what}: the disk is full. Make room and try again.`, { cause })
    : new TarsierError('write-failed', `${what}: ${whyUnwritten(cause)}`, { cause })
}
