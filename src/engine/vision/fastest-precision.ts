import type { VisionPrecision } from '../../shared/model-manifest.ts'

/** Mean cosine of a tower's rows to those of its f32 form from which the tower counts as exact. */
export const EXACT_COSINE = 0.999

/** What is fastest on this machine's CPU among the precisions that are usually exact, and what always is. */
export interface FastestPrecision {
  readonly precision: VisionPrecision
  /** Time of a picture relative to `exact`. */
  readonly time: number
  /** Gives the rows of f32, in the same time, from half of its file. */
  readonly exact: VisionPrecision
}

/**
 * Time of int8 relative to f32 and f16: with signed weights on a whole tower (docs/decisions/0082-signed-weights.md), with unsigned ones on the linear
 * layers (docs/decisions/0018-tower-precisions.md). int4 is slower than int8 everywhere, and not exact.
 */
const INT8_TIME = { signed: 0.5, unsigned: 0.7 } as const

/** Asks the processor as opening a tower does. */
export async function fastestPrecision(): Promise<FastestPrecision> {
  // Loads ONNX Runtime.
  const { signedProductsOverflow } = await import('./signed-products.ts')
  const time = (await signedProductsOverflow()) ? INT8_TIME.unsigned : INT8_TIME.signed
  return { precision: 'int8', time, exact: 'f16' }
}
