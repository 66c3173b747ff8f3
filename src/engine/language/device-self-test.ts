import { positionAfterClip, slicePlanes } from './clip-positions.ts'
import type { Language } from './types.ts'

const WORDS = 'Describe the video in detail: what happens first, and what happens then?'
/** Size of the image in the test's prompt. */
const PICTURE = { grid: [4, 4], rows: 16 } as const
/** Enough cells for the text with any tokenizer, and the image. */
const CELLS = 256
/**
 * Maximum difference of a logit, relative to the spread of the CPU's logits. GPUs multiply in 16 bits where the CPU uses 32 or 8; a wrong
 * kernel differs by a tenth or more. Measured: docs/decisions/0020-device-self-tests.md.
 */
const MAX_DIFFERENCE = 0.03

/** Logits [vocabulary] after text, embedding rows at the positions of an image, and text again: all operations that a description needs. */
export async function testLogits(language: Language, signal: AbortSignal): Promise<Float32Array> {
  await using session = await language.open({ cells: CELLS })
  const tokens = language.tokenize(WORDS).slice(0, CELLS / 4)
  await session.evaluateTokens(tokens, signal)
  const start = session.mark.position
  const rows = Float32Array.from({ length: PICTURE.rows * language.width }, (_, i) => 0.5 * Math.sin(i * i))
  const planes = slicePlanes(language.positions, start, 0, PICTURE)
  await session.evaluateRows(rows, planes, positionAfterClip(language.positions, start, 1, PICTURE), signal)
  await session.evaluateTokens(tokens, signal)
  return await session.logits()
}

/** Compares the logits of a device with those of the CPU. */
export function verdictOnLogits(expected: Float32Array, logits: Float32Array): { readonly passed: boolean; readonly detail: string } {
  let [least, most, apart] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  for (const [i, value] of expected.entries()) {
    least = Math.min(least, value)
    most = Math.max(most, value)
    const difference = Math.abs(value - (logits[i] ?? Number.NaN))
    apart = Math.max(apart, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference)
  }
  if (!Number.isFinite(apart)) return { passed: false, detail: 'its logits contain NaN or infinite values' }
  const relative = apart / Math.max(most - least, Number.MIN_VALUE)
  const passed = relative <= MAX_DIFFERENCE
  const detail = `its logits differ from the CPU's by ${(100 * relative).toPrecision(2)} % of their spread`
  return { passed, detail: passed ? detail : `${detail} (at most ${100 * MAX_DIFFERENCE} % is allowed)` }
}
