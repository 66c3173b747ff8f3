import { isAbort, TarsierError } from '../../shared/errors.ts'
import type { ModelManifest, VisionPrecision } from '../../shared/model-manifest.ts'
import type { DeviceTestStore } from '../devices/device-test-store.ts'
import type { DeviceSubject } from '../devices/device-use.ts'
import { compareRows } from './compare-rows.ts'
import { patchFloats } from './patches.ts'
import type { Attention, TowerSessionOptions } from './session-options.ts'
import type { TowerForm } from './tower-form.ts'
import type { TowerSession } from './tower-session.ts'
import { openTried, pixelsInput } from './tower-trial.ts'

/** Maximum difference from the CPU's rows, relative to their largest value, for a tower in 32 bits. */
const MAX_DIFFERENCE = 1e-3
/**
 * Minimum cosine similarity of a row to the CPU's, for towers in fewer bits. With 4-bit weights, the CPU rounds the inputs of every product to 8
 * bits, and a GPU may round them otherwise: rows of a very small tower then have a cosine of 0.9992.
 */
const MIN_COSINE: Readonly<Record<Exclude<VisionPrecision, 'f32'>, number>> = { f16: 0.9995, int8: 0.9995, int4: 0.998 }
/** Number of slices of one size per run, because some devices compute wrong results only with several of them. */
const SLICES = 2

export interface TowerParts {
  readonly path: string
  readonly manifest: ModelManifest
  readonly form: TowerForm
}

export interface TestedSession {
  readonly session: TowerSession
  readonly attention: Attention
  /** Notice to the user about how the device is used; null if there is none. */
  readonly notice: string | null
}

/**
 * Opens a tower on a device other than the CPU and checks on this machine that its rows for a few small images match those of the CPU. Uses
 * ONNX Runtime's fused attention if its results are correct, otherwise plain attention. The result is stored, so that the test runs once
 * for each driver, runtime and tower.
 * Throws an `Error` whose message describes the problem with the device.
 */
export async function openTested(
  parts: TowerParts,
  options: Omit<TowerSessionOptions, 'attention'>,
  subject: DeviceSubject,
  tests: DeviceTestStore,
): Promise<TestedSession> {
  const known = await tests.find(subject)
  if (known && !known.passed) throw new Error(known.detail)
  const open = (attention: Attention) => openTried(parts.path, { ...options, attention }, parts.manifest, parts.form)
  if (known) {
    const { attention = 'fused' } = known
    return { session: await open(attention), attention, notice: noticeOf(attention, options.device) }
  }
  const expected = await cpuRows(parts, options.threads)
  const verdicts: (Verdict & { readonly attention: Attention })[] = []
  for (const attention of ['fused', 'plain'] as const) {
    const session = await open(attention)
    const verdict = await judge(session, parts, expected).catch(async (error: unknown) => {
      await session.close()
      throw error
    })
    if (verdict.level === 'exact') {
      await tests.record(subject, { passed: true, attention, detail: verdict.detail })
      return { session, attention, notice: noticeOf(attention, options.device) }
    }
    verdicts.push({ ...verdict, attention })
    await session.close()
  }
  const near = verdicts.find(({ level }) => level === 'near')
  if (near) {
    const { attention, detail } = near
    await tests.record(subject, { passed: true, attention, detail })
    return { session: await open(attention), attention, notice: noticeOf(attention, options.device) }
  }
  const detail = verdicts.map((verdict) => `with ${verdict.attention} attention ${verdict.detail}`).join('; ')
  await tests.record(subject, { passed: false, detail })
  throw new Error(detail)
}

function noticeOf(attention: Attention, device: string): string | null {
  return attention === 'fused'
    ? null
    : `The fused attention of ONNX Runtime computes wrong results on ${device}, so unfused attention is used.`
}

async function cpuRows(parts: TowerParts, threads: number): Promise<Float32Array[]> {
  // Weights stay in their file: equal rows, with hardly any memory in addition to the device's.
  const session = await openTried(parts.path, { device: 'cpu', attention: 'fused', threads, mapped: true }, parts.manifest, parts.form)
  try {
    return await testRows(session, parts)
  } finally {
    await session.close()
  }
}

/** Computes the rows of the test images, in one run per size. */
async function testRows(session: TowerSession, { form, manifest }: TowerParts): Promise<Float32Array[]> {
  const { patchSize } = manifest.vision
  const all: Float32Array[] = []
  for (const { width, height } of form.selfTest) {
    const [rows, columns] = [height / patchSize, width / patchSize]
    const perSlice = form.framesPerSlice * patchFloats(width, height)
    // Values in the range of normalized pixels: a slow wave with noise.
    const data = Float32Array.from({ length: SLICES * perSlice }, (_, i) => 1.5 * Math.sin(i / 77) + 0.5 * Math.sin(i * i))
    const { output } = await session.run([pixelsInput(data, SLICES, rows * columns), ...form.furtherInputs(rows, columns)])
    all.push(output.data)
  }
  return all
}

async function judge(session: TowerSession, parts: TowerParts, expected: readonly Float32Array[]): Promise<Verdict> {
  try {
    const { vision } = parts.manifest
    return verdictOn(expected, await testRows(session, parts), vision.width, vision.precision)
  } catch (error) {
    if (isAbort(error) || error instanceof TarsierError) throw error
    return { level: 'wrong', detail: `it failed in its self-test: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** `near` is sufficient for a tower in fewer than 32 bits, where exact results are not possible. */
export interface Verdict {
  readonly level: 'exact' | 'near' | 'wrong'
  readonly detail: string
}

/** Compares rows of `width` values with those of the CPU. */
export function verdictOn(
  expected: readonly Float32Array[],
  rows: readonly Float32Array[],
  width: number,
  precision: VisionPrecision,
): Verdict {
  const difference = relativeDifference(expected, rows)
  if (!Number.isFinite(difference)) return { level: 'wrong', detail: 'its rows contain NaN or infinite values' }
  const { worst } = compareRows(expected, rows, width, 0)
  const detail = `its rows differ from the CPU's by ${difference.toExponential(1)} of their size, and the lowest cosine is ${worst.toFixed(4)}`
  if (difference <= MAX_DIFFERENCE) return { level: 'exact', detail }
  if (precision !== 'f32' && worst >= MIN_COSINE[precision]) return { level: 'near', detail }
  const bound = precision === 'f32' ? `at most ${MAX_DIFFERENCE} is allowed` : `at least ${MIN_COSINE[precision]} is required`
  return { level: 'wrong', detail: `${detail} (${bound})` }
}

function relativeDifference(expected: readonly Float32Array[], rows: readonly Float32Array[]): number {
  let [largest, difference] = [0, 0]
  for (const [at, values] of expected.entries()) {
    const others = rows[at]
    for (const [i, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(value))
      const apart = Math.abs(value - (others?.[i] ?? Number.NaN))
      // Count NaN as an infinite difference.
      difference = Math.max(difference, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart)
    }
  }
  return largest === 0 ? difference : difference / largest
}
