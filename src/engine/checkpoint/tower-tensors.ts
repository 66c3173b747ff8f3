import { TarsierError } from '../../shared/errors.ts'
import type { TensorSource } from '../formats/tensor-source.ts'

/**
 * Returns the first of the prefixes with which the checkpoint has the tensor `key`; published and newer checkpoints differ. Throws `model-unsupported` if
 * there is none.
 * @param what what the tensor belongs to, for the error message
 */
export function prefixOf(source: TensorSource, prefixes: readonly string[], key: string, what: string): string {
  const prefix = prefixes.find((candidate) => source.has(candidate + key))
  if (prefix !== undefined) return prefix
  throw new TarsierError(
    'model-unsupported',
    `The checkpoint contains no ${what}: there is no tensor "${key}" with any of the prefixes ${prefixes.join(', ')}.`,
  )
}

/**
 * Throws `model-damaged` if a tower has more layers than its config says.
 * @param beyond name of a tensor of the layer after the last one
 */
export function expectLayers(source: TensorSource, layers: number, beyond: string): void {
  if (!source.has(beyond)) return
  throw new TarsierError(
    'model-damaged',
    `The vision tower has more layers than the ${layers} in config.json. Download the checkpoint again.`,
  )
}
