import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const examplePath = (name: string) => fileURLToPath(new URL(`../../../resources/examples/${name}`, import.meta.url))

export const exampleBytes = (name: string) => readFile(examplePath(name))

/** The same film in another file, because the content identifies a clip: a box that players skip is appended. */
export async function anotherCopy(name: string, mark: number): Promise<Buffer> {
  const free = Buffer.from('\0\0\0\x0cfree\0\0\0\0', 'latin1')
  free.writeUInt32BE(mark, 8)
  return Buffer.concat([await exampleBytes(name), free])
}
