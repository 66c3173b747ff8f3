import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflateRaw } from 'node:zlib'

const BLOCK = 512
/** Names of npm packages: below one folder, whose name is cut off. */
const NAME = /^(?!\.{1,2}\/)[^/\\]+\/((?!\.{1,2}(\/|$))[^/\\:\0]+(\/(?!\.{1,2}(\/|$))[^/\\:\0]+)*)$/
const REGULAR = ['0', '\0']

/** Unpacks the regular files of an npm package into a folder. Throws for names that lead out of it. */
export async function unpackPackage(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  const packed = createReadStream(archive, { signal })
  const source = createGunzip()
  packed.on('error', (error) => source.destroy(error)).pipe(source)
  try {
    await readTar(source, folder)
  } finally {
    packed.destroy()
    source.destroy()
  }
}

async function readTar(source: AsyncIterable<Buffer>, folder: string): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  let file: FileHandle | null = null
  /** Bytes of the file, and then of its last block, that are still to come. */
  let left = 0
  let padding = 0
  try {
    for await (const piece of source) {
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      for (;;) {
        if (left > 0) {
          const taken = rest.subarray(0, left)
          if (taken.length === 0) break
          await file?.writeFile(taken)
          left -= taken.length
          rest = rest.subarray(taken.length)
          if (left > 0) break
        }
        if (file) await file.close()
        file = null
        if (rest.length < padding + BLOCK) break
        const header = rest.subarray(padding, padding + BLOCK)
        rest = rest.subarray(padding + BLOCK)
        padding = 0
        if (header[0] === 0) continue // the end is two empty blocks
        const text = (from: number, to: number) => header.toString('utf8', from, to).replace(/\0.*$/s, '')
        left = Number.parseInt(text(124, 136).trim(), 8)
        padding = (BLOCK - (left % BLOCK)) % BLOCK
        if (!Number.isSafeInteger(left)) throw new Error('the archive is damaged')
        if (!REGULAR.includes(header.toString('latin1', 156, 157))) continue
        file = await create(join(folder, plainName([text(345, 500), text(0, 100)].filter(Boolean).join('/'))))
      }
    }
    if (left > 0) throw new Error('the archive ends early')
  } finally {
    await file?.close()
  }
}

function plainName(name: string): string {
  const [, inside] = NAME.exec(name) ?? []
  if (inside === undefined) throw new Error(`the archive has a file with the name ${name}`)
  return inside
}

async function create(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true })
  return await open(path, 'wx')
}

/** Sizes and signatures of the records of a zip archive. */
const END = { signature: 0x06054b50, bytes: 22 } as const
const ENTRY = { signature: 0x02014b50, bytes: 46 } as const
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const
const STORED = 0
const DEFLATED = 8

/** Unpacks the files of a zip archive whose base name is `wanted`, each once, into a folder. Throws if one is missing. */
export async function unpackWheel(archive: string, folder: string, wanted: readonly string[], signal: AbortSignal): Promise<void> {
  await using file = await open(archive)
  const { size } = await file.stat()
  const tail = await read(file, Math.max(0, size - 65_535 - END.bytes), Math.min(size, 65_535 + END.bytes))
  const signature = Buffer.alloc(4)
  signature.writeUInt32LE(END.signature)
  const end = tail.lastIndexOf(signature)
  if (end < 0) throw new Error('the archive has no directory')
  const directory = await read(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))
  const missing = new Set(wanted)
  for (let at = 0; at + ENTRY.bytes <= directory.length && directory.readUInt32LE(at) === ENTRY.signature; ) {
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset)) as [number, number, number]
    const name = basename(directory.toString('utf8', at + ENTRY.bytes, at + ENTRY.bytes + nameLength))
    if (missing.delete(name)) {
      const [packed, start] = [directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)]
      const local = await read(file, start, LOCAL.bytes)
      if (local.readUInt32LE(0) !== LOCAL.signature) throw new Error(`${name} is not where the archive says`)
      const from = start + LOCAL.bytes + local.readUInt16LE(26) + local.readUInt16LE(28)
      const source = createReadStream(archive, { start: from, end: from + packed - 1 })
      const target = createWriteStream(join(folder, name), { flags: 'wx' })
      const method = directory.readUInt16LE(at + 10)
      if (method === DEFLATED) await pipeline(source, createInflateRaw(), target, { signal })
      else if (method === STORED) await pipeline(source, target, { signal })
      else throw new Error(`${name} is compressed in an unknown way`)
    }
    at += ENTRY.bytes + nameLength + extra + comment
  }
  if (missing.size > 0) throw new Error(`the archive has no ${[...missing].join(', ')}`)
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead < length) throw new Error('the archive ends early')
  return buffer
}
