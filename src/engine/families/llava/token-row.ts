import { TarsierError } from '../../../shared/errors.ts'
import { toFloats } from '../../formats/float-formats.ts'
import type { TensorSource } from '../../formats/tensor-source.ts'

/** Names of the embedding table in published and in newer checkpoints. */
const TABLES = ['language_model.model.embed_tokens.weight', 'model.language_model.embed_tokens.weight']

/** Reads a token's row of the language model's embedding table without loading the whole table. Throws `model-damaged`, `model-unsupported`. */
export async function readTokenRow(source: TensorSource, token: number, width: number, signal: AbortSignal): Promise<Float32Array> {
  const key = TABLES.find((candidate) => source.has(candidate))
  if (key === undefined) {
    throw new TarsierError(
      'model-unsupported',
      `The checkpoint contains no token embeddings: there is no tensor ${TABLES.map((name) => `"${name}"`).join(' or ')}.`,
    )
  }
  const { dtype, shape } = source.info(key)
  const [tokens = 0, columns] = shape
  if (shape.length !== 2 || columns !== width || token >= tokens) {
    throw new TarsierError(
      'model-damaged',
      `The tensor "${key}" has the shape [${shape.join(', ')}], but token ${token} with ${width} values is needed. Download the checkpoint again, config.json included.`,
      { details: { tensor: key, shape, token } },
    )
  }
  const row = new Uint8Array(width * (dtype === 'F32' ? 4 : 2))
  const begin = token * row.byteLength
  let position = 0
  for await (const piece of source.stream(key)) {
    signal.throwIfAborted()
    const from = Math.max(begin - position, 0)
    if (from < piece.byteLength) {
      const to = Math.min(begin + row.byteLength - position, piece.byteLength)
      row.set(piece.subarray(from, to), position + from - begin)
    }
    position += piece.byteLength
    if (position >= begin + row.byteLength) break
  }
  return toFloats(row, dtype)
}
