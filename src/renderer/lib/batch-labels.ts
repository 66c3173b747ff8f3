import type { BatchItem, BatchJob, ItemState } from '../../shared/contract/batch.ts'
import { t } from '../../shared/text.ts'
import { durationText } from './time-text.ts'

export const itemStateNames: Readonly<Record<ItemState, string>> = {
  waiting: t('Waiting'),
  running: t('Running'),
  done: t('Done'),
  failed: t('Failed'),
  skipped: t('Skipped'),
}

/** The folder of a clip as the user gave it, which distinguishes clips of the same name; empty for an upload without a folder. */
export function folderOf({ path, name }: Pick<BatchItem, 'path' | 'name'>): string {
  return path.endsWith(name) ? path.slice(0, -name.length).replace(/[\\/]$/, '') : ''
}

export function clipsOf({ counts }: BatchJob): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Number of rows of a batch when filtered by state (null for all). */
export function rowsOf(job: BatchJob, filter: ItemState | null): number {
  return filter === null ? clipsOf(job) : job.counts[filter]
}

/** Progress of a batch, from 0 to 1. */
export function shareOf(job: BatchJob): number {
  const { waiting, running } = job.counts
  const all = clipsOf(job)
  return all === 0 ? 1 : (all - waiting - running) / all
}

/** Summarizes a batch in one line: clips done, failures and remaining time. */
export function batchText(job: BatchJob): string {
  const { counts, state, secondsLeft } = job
  const parts = [t('{done} of {clips, plural, one {# clip} other {# clips}} described', { done: counts.done, clips: clipsOf(job) })]
  if (counts.failed > 0) parts.push(t('{count} failed', { count: counts.failed }))
  if (counts.skipped > 0) parts.push(t('{count} skipped', { count: counts.skipped }))
  if (job.refused.length > 0) parts.push(t('{count, plural, one {# file} other {# files}} not opened', { count: job.refused.length }))
  if (state === 'paused') parts.push(t('paused'))
  if (state === 'running' && secondsLeft !== null) parts.push(t('about {time} left', { time: durationText(secondsLeft) }))
  return parts.join(' · ')
}
