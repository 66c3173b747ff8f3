interface Bounds {
  readonly min: number
  readonly max: number
  /** Numbers are rounded if it is 1 or more. */
  readonly step: number
}

/** A typed number within its bounds; null for an empty text, which means the default; undefined for a text that is no number. */
export function typedNumber(text: string, { min, max, step }: Bounds): number | null | undefined {
  if (text.trim() === '') return null
  const given = Number(text.replace(',', '.'))
  if (!Number.isFinite(given)) return undefined
  return Math.min(max, Math.max(min, step >= 1 ? Math.round(given) : given))
}
