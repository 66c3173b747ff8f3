import { roundHalfToEven } from '../../engine/media/sampling.ts'

/** The mean; NaN of nothing, which tables print as `nan`. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** What part of the flags is set; NaN of nothing. */
export function share(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length / flags.length
}

/** As NumPy rounds, which upstream's tables go through: scaled, to the even neighbour at a half, and back. */
export function roundFigure(value: number, digits: number): number {
  const scale = 10 ** digits
  return Number.isFinite(value) ? roundHalfToEven(value * scale) / scale : value
}

/** As Python prints a float: always with a point, so 22 is `22.0`; `nan` for no figure at all. */
export function figureText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}
