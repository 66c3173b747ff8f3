import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { FrameUsed } from '../../shared/engine-events.ts'

/** What the LLM needs of a frame: the tower's rows, without the picture they were made of. */
export interface FrameRows extends FrameUsed {
  readonly rows: Float32Array
}

/** Embeddings of one clip, with what was said while they were made. */
export interface StoredRows {
  readonly width: number
  readonly rowsPerFrame: number
  readonly frames: readonly FrameRows[]
  readonly notices: readonly string[]
}

const headerSchema = z.object({
  format: z.literal(1),
  width: z.int().positive(),
  rowsPerFrame: z.int().positive(),
  frames: z.array(z.object({ index: z.int(), time: z.number() })).min(1),
  notices: z.array(z.string()),
  /** Of all the rows: a value that changed on the disk would be believed. */
  sha256: z.string(),
})
type Header = z.infer<typeof headerSchema>

/** A header longer than this is not ours. */
const MAX_HEADER = 1 << 20

/**
 * Embeddings of one clip on disk: header length (u32), header (JSON), then every frame's rows as little-endian f32.
 * An abort throws the signal's reason within one frame, and leaves a file that is not whole.
 */
export async function writeEmbeddings(
  path: string,
  { width, rowsPerFrame, frames, notices }: StoredRows,
  signal?: AbortSignal,
): Promise<void> {
  const values = frames.map(({ rows }) => Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength))
  const hash = createHash('sha256')
  for (const bytes of values) {
    signal?.throwIfAborted()
    hash.update(bytes)
    await setImmediate() // an abort, like anything else, is heard of only between two frames
  }
  const header: Header = {
    format: 1,
    width,
    rowsPerFrame,
    frames: frames.map(({ index, time }) => ({ index, time })),
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
      await file.writeFile(bytes) // goes on where the last one ended
    }
    // Not synced, which may take seconds: the checksum finds out what a power cut left half written.
  } finally {
    await file.close()
  }
}

/** Reads what {@link writeEmbeddings} wrote, or gives `null` when the file is gone, not whole or changed: a cache never fails a run. */
export async function readEmbeddings(path: string): Promise<StoredRows | null> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch {
    return null // another process may have dropped it just now
  }
  try {
    return await readRows(file)
  } catch {
    return null // the disk cannot read it
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
  const { width, rowsPerFrame, notices, sha256, frames: used } = parsed.data
  const frameBytes = width * rowsPerFrame * 4
  if (4 + headerBytes + frameBytes * used.length !== size) return null
  const hash = createHash('sha256')
  const frames: FrameRows[] = []
  for (const [i, frame] of used.entries()) {
    const rows = new Float32Array(width * rowsPerFrame)
    const bytes = new Uint8Array(rows.buffer)
    const { bytesRead } = await file.read(bytes, 0, frameBytes, 4 + headerBytes + i * frameBytes)
    if (bytesRead !== frameBytes) return null
    hash.update(bytes)
    frames.push({ ...frame, rows })
  }
  return hash.digest('hex') === sha256 ? { width, rowsPerFrame, frames, notices } : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
