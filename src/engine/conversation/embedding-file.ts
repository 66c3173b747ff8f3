import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { FrameUsed } from '../../shared/engine-events.ts'

/** The part of a slice of a clip that the language model needs: the tower's rows, without the pixels. */
export interface SliceRows {
  readonly frames: readonly FrameUsed[]
  readonly rows: Float32Array
}

/** Embeddings of a clip, with the notices from decoding. */
export interface StoredRows {
  readonly width: number
  readonly rowsPerSlice: number
  readonly slices: readonly SliceRows[]
  readonly notices: readonly string[]
}

const headerSchema = z.object({
  format: z.literal(2),
  width: z.int().positive(),
  rowsPerSlice: z.int().positive(),
  /** The frames of each slice. */
  slices: z.array(z.array(z.object({ index: z.int(), time: z.number() })).min(1)).min(1),
  notices: z.array(z.string()),
  /** Checksum of all rows, because changed values would go unnoticed. */
  sha256: z.string(),
})
type Header = z.infer<typeof headerSchema>

/** Longer headers are invalid. */
const MAX_HEADER = 1 << 20

/**
 * Embeddings of one clip on disk: header length (u32), header (JSON), then every slice's rows as little-endian f32.
 * An abort throws the signal's reason within one slice and leaves a partial file.
 */
export async function writeEmbeddings(
  path: string,
  { width, rowsPerSlice, slices, notices }: StoredRows,
  signal?: AbortSignal,
): Promise<void> {
  const values = slices.map(({ rows }) => Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength))
  const hash = createHash('sha256')
  for (const bytes of values) {
    signal?.throwIfAborted()
    hash.update(bytes)
    await setImmediate() // lets aborts and other messages be handled between slices
  }
  const header: Header = {
    format: 2,
    width,
    rowsPerSlice,
    slices: slices.map(({ frames }) => frames.map(({ index, time }) => ({ index, time }))),
    notices: [...notices],
    sha256: hash.digest('hex'),
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const file = await open(path, 'wx')
  try {
    for (const bytes of [length, json, ...values]) {
      signal?.throwIfAborted()
      await file.writeFile(bytes) // appends
    }
    // Not synced, which may take seconds: the checksum detects partial files after a power failure.
  } finally {
    await file.close()
  }
}

/** Reads a file of {@link writeEmbeddings}. Returns `null` if it is missing, partial or changed, because a cache must not fail a run. */
export async function readEmbeddings(path: string): Promise<StoredRows | null> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return null // another process may have evicted it
  }
  try {
    return await readRows(file)
  } catch {
    return null // unreadable
  } finally {
    await file.close()
  }
}

async function readRows(file: FileHandle): Promise<StoredRows | null> {
  const { size } = await file.stat()
  const length = Buffer.alloc(4)
  await file.read(length, 0, 4, 0)
  const headerBytes = length.readUInt32LE()
  if (headerBytes > MAX_HEADER || 4 + headerBytes > size) return null
  const json = Buffer.alloc(headerBytes)
  await file.read(json, 0, headerBytes, 4)
  const parsed = headerSchema.safeParse(parseJson(json.toString('utf8')))
  if (!parsed.success) return null
  const { width, rowsPerSlice, notices, sha256, slices: stored } = parsed.data
  const sliceBytes = width * rowsPerSlice * 4
  if (4 + headerBytes + sliceBytes * stored.length !== size) return null
  const hash = createHash('sha256')
  const slices: SliceRows[] = []
  for (const [i, frames] of stored.entries()) {
    const rows = new Float32Array(width * rowsPerSlice)
    const bytes = new Uint8Array(rows.buffer)
    const { bytesRead } = await file.read(bytes, 0, sliceBytes, 4 + headerBytes + i * sliceBytes)
    if (bytesRead !== sliceBytes) return null
    hash.update(bytes)
    slices.push({ frames, rows })
  }
  return hash.digest('hex') === sha256 ? { width, rowsPerSlice, slices, notices } : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
