import { roundHalfToEven } from '../../engine/media/sampling.ts'

/** Returns the mean; NaN for an empty list, which tables print as `nan`. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Returns the share of flags that are true; NaN for an empty list. */
export function share(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length / flags.length
}

/** Rounds as NumPy does, which upstream's tables use: scales, rounds half to even, and scales back. */
export function roundFigure(value: number, digits: number): number {
  const scale = 10 ** digits
  return Number.isFinite(value) ? roundHalfToEven(value * scale) / scale : value
}

/** Formats a number as Python prints a float: always with a decimal point, so 22 is `22.0`; `nan` for NaN. */
export function figureText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}
