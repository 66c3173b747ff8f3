import type { ModelManifest } from '../../shared/model-manifest.ts'

export type TowerError = NonNullable<ModelManifest['vision']['error']>

/** Compares a tower's rows of `width` values with those of the same tower in 32 bits. */
export function compareRows(exact: readonly Float32Array[], rows: readonly Float32Array[], width: number, clips: number): TowerError {
  let [count, sum, worst] = [0, 0, 1]
  for (const [frame, values] of exact.entries()) {
    const others = rows[frame]
    if (others?.length !== values.length) throw new RangeError(`frame ${frame} has ${others?.length} values instead of ${values.length}`)
    for (let at = 0; at < values.length; at += width) {
      const cosine = cosineOf(values.subarray(at, at + width), others.subarray(at, at + width))
      sum += cosine
      worst = Math.min(worst, cosine)
      count++
    }
  }
  return { clips, rows: count, cosine: rounded(sum / count), worst: rounded(worst) }
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    ab += x * y
    aa += x * x
    bb += y * y
  }
  if (aa === 0 && bb === 0) return 1
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)))
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
