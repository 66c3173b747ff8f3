import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import type { PackFile } from '../../../../src/engine/gpu-pack/pack-parts.ts'

/** An npm package as a tar archive. */
export function packageArchive(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write(`${Buffer.byteLength(text).toString(8).padStart(11, '0')}\0`, 124)
    header.write('0', 156)
    header.write('ustar\0', 257)
    const content = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512)
    content.write(text)
    return [header, content]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

/** A zip archive. */
export function zipArchive(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const [name, text] of Object.entries(files)) {
    const packed = deflateRawSync(text)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(crc32?.(text) ?? 0, 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(Buffer.byteLength(text), 18)
    fields.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(at, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\0\0'), fields, rest, Buffer.from(name)]))
    locals.push(local)
    at += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

/** An entry of the pack's table for an archive. */
export function packFile(use: PackFile['use'], name: string, archive: Buffer, unpacked = archive.length): PackFile {
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`
  const url = `https://registry.invalid/${name}/-/${use}.tgz`
  return { system: 'linux-x64', use, name, version: '9.9.9', url, bytes: archive.length, unpacked, integrity }
}

/** A mirror with files by name, which supports ranges, and cuts the first response for a name in `cuts` after so many bytes. */
export async function startMirror(files: Readonly<Record<string, Buffer>>, cuts: Record<string, number> = {}) {
  const seen: { readonly name: string; readonly range: string | undefined }[] = []
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? ''
    const { range } = request.headers
    seen.push({ name, range })
    const file = files[name]
    if (!file) return response.writeHead(404).end()
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const headers = { 'content-length': file.length - from, etag: '"1"' }
    response.writeHead(
      range ? 206 : 200,
      range ? { ...headers, 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : headers,
    )
    const cut = cuts[name]
    if (cut === undefined) return response.end(file.subarray(from))
    delete cuts[name]
    return response.write(file.subarray(from, cut), () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/pack/`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
