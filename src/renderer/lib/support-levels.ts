import { t } from '../../shared/text.ts'

/** How strongly a clip supports a word, in five levels. Each has a colour and an underline of its own, so that no one depends on colours. */
export interface SupportLevel {
  /** Lowest support of the level. */
  readonly from: number
  readonly name: string
  readonly className: string
}

const levels: readonly SupportLevel[] = [
  { from: 0, name: t('contradicted'), className: 'support-0' },
  { from: 0.2, name: t('doubtful'), className: 'support-1' },
  { from: 0.4, name: t('unclear'), className: 'support-2' },
  { from: 0.6, name: t('likely'), className: 'support-3' },
  { from: 0.8, name: t('shown'), className: 'support-4' },
]

/** All levels, from contradicted to shown. */
export const supportLevels: readonly SupportLevel[] = levels

/** The level of a support from 0 to 1. */
export function supportLevel(support: number): SupportLevel {
  return levels.findLast(({ from }) => support >= from) ?? (levels[0] as SupportLevel)
}

/** A support with two decimals. It is rounded down, so that a support below a level's limit does not look as if it reached it. */
export function supportText(support: number): string {
  return (Math.floor(support * 100 + 1e-9) / 100).toFixed(2)
}
