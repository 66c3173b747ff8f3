import { once } from 'node:events'

/**
 * Writes batches for the training programs to stdout: the length of a JSON header as 4 bytes little-endian, the header, then the arrays listed in
 * its `arrays`, one after another without padding. Ends without an error when the reader closes the pipe.
 */
export async function writeBatch(
  header: Readonly<Record<string, unknown>>,
  arrays: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array | Int32Array }>>,
): Promise<void> {
  const described = Object.entries(arrays).map(([name, { shape, data }]) => ({ name, shape, type: data.constructor.name }))
  const json = Buffer.from(JSON.stringify({ ...header, arrays: described }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const parts = [length, json, ...Object.values(arrays).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))]
  if (!process.stdout.write(Buffer.concat(parts))) await once(process.stdout, 'drain')
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
