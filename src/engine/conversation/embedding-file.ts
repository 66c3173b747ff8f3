import { open } from 'node:fs/promises'
import { z } from 'zod'
import type { FrameUsed } from '../../shared/engine-events.ts'

/** What the LLM needs of a frame: the tower's rows, without the picture they were made of. */
export interface FrameRows extends FrameUsed {
  readonly rows: Float32Array
}

const headerSchema = z.object({
  format: z.literal(1),
  width: z.int().positive(),
  rowsPerFrame: z.int().positive(),
  frames: z.array(z.object({ index: z.int(), time: z.number() })).min(1),
  notices: z.array(z.string()),
})
export type EmbeddingHeader = z.infer<typeof headerSchema>

/** A header longer than this is not ours. */
const MAX_HEADER = 1 << 20

/** Embeddings of one clip on disk: header length (u32), header (JSON), then every frame's rows as little-endian f32. */
export async function writeEmbeddings(path: string, header: EmbeddingHeader, rows: readonly Float32Array[]): Promise<void> {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const file = await open(path, 'wx')
  try {
    await file.writev([length, json, ...rows.map((row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength))])
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Reads what {@link writeEmbeddings} wrote, or `null` when the file is not whole: a cache never fails a run. */
export async function readEmbeddings(path: string): Promise<{ header: EmbeddingHeader; frames: FrameRows[] } | null> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const length = Buffer.alloc(4)
    await file.read(length, 0, 4, 0)
    const headerBytes = length.readUInt32LE()
    if (headerBytes > MAX_HEADER || 4 + headerBytes > size) return null
    const json = Buffer.alloc(headerBytes)
    await file.read(json, 0, headerBytes, 4)
    const parsed = headerSchema.safeParse(parseJson(json.toString('utf8')))
    if (!parsed.success) return null
    const header = parsed.data
    const frameBytes = header.width * header.rowsPerFrame * 4
    if (4 + headerBytes + frameBytes * header.frames.length !== size) return null
    const frames: FrameRows[] = []
    for (const [i, frame] of header.frames.entries()) {
      const rows = new Float32Array(header.width * header.rowsPerFrame)
      const { bytesRead } = await file.read(new Uint8Array(rows.buffer), 0, frameBytes, 4 + headerBytes + i * frameBytes)
      if (bytesRead !== frameBytes) return null
      frames.push({ ...frame, rows })
    }
    return { header, frames }
  } finally {
    await file.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
