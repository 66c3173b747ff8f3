import { TarsierError } from '../shared/errors.ts'

const DEFAULT_SECONDS = 30

/**
 * Seconds without a heartbeat after which a worker counts as dead: `TARSIER_LEASE_SECONDS`, or 30. Throws `usage` for values that are no number from 1 to
 * 3600.
 */
export function leaseSeconds({ TARSIER_LEASE_SECONDS: given = '' }: Readonly<Record<string, string | undefined>>): number {
  if (given === '') return DEFAULT_SECONDS
  const seconds = Number(given)
  if (seconds >= 1 && seconds <= 3600) return seconds
  throw new TarsierError('usage', `TARSIER_LEASE_SECONDS is "${given}", but must be a number of seconds from 1 to 3600.`)
}
