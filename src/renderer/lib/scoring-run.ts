import type { ClipEvent, Segment } from '../../shared/clip-events.ts'
import type { FindEventsEvent, ScoringProgress } from '../../shared/contract/events.ts'
import { assertNever } from '../../shared/errors.ts'
import { t } from '../../shared/text.ts'
import { type Run, stageText, timeLeftText } from './run.ts'

/** Progress of the times of an answer or of the check of a text, and of the current segment in a search for events. */
export interface ScoringRun {
  readonly stage: Run['stage'] | 'scoring'
  /** Number of earlier questions in the queue. */
  readonly ahead: number
  /** Finished part of the stage, of `of` in total; 0 of 0 if unknown. */
  readonly done: number
  readonly of: number
  readonly notices: readonly string[]
}

export const newScoring: ScoringRun = { stage: 'asking', ahead: 0, done: 0, of: 0, notices: [] }

export function afterScoring(run: ScoringRun, event: ScoringProgress): ScoringRun {
  switch (event.kind) {
    case 'queued':
      return { ...run, stage: 'queued', ahead: event.ahead, done: 0, of: 0 }
    case 'stage':
      return { ...run, stage: event.stage, done: 0, of: 0 }
    case 'frame':
      return { ...run, stage: 'looking', done: event.done, of: event.of }
    case 'scored':
      return { ...run, stage: 'scoring', done: event.done, of: event.of }
    case 'delta':
      return run.stage === 'writing' ? run : { ...run, stage: 'writing', done: 0, of: 0 }
    case 'notice':
      return run.notices.includes(event.text) ? run : { ...run, notices: [...run.notices, event.text] }
    default:
      return assertNever(event, 'event of scoring')
  }
}

export function scoringText({ stage, ...run }: ScoringRun): string {
  if (stage !== 'scoring') return stageText({ stage, ...run })
  return run.of > 0 ? t('Scoring frame {done} of {of}', { done: run.done, of: run.of }) : t('Scoring the text')
}

/** Finished share of the stage from 0 to 1; null if unknown. */
export function scoringShare({ done, of }: ScoringRun): number | null {
  return of > 0 ? Math.min(1, done / of) : null
}

/** A search for events, with the segments that are done. */
export interface FindRun {
  readonly running: boolean
  readonly scoring: ScoringRun
  /** Seconds of the clip that have been searched for shots; null while this is not what runs. */
  readonly shots: { readonly seconds: number; readonly duration: number } | null
  readonly segments: readonly Segment[]
  readonly events: readonly ClipEvent[]
  readonly done: number
  /** Number of segments; 0 until it is known. */
  readonly of: number
  readonly secondsLeft: number | null
  /** Whether the model writes chapters and summary. */
  readonly summarizing: boolean
}

export const newFind: FindRun = {
  running: true,
  scoring: newScoring,
  shots: null,
  segments: [],
  events: [],
  done: 0,
  of: 0,
  secondsLeft: null,
  summarizing: false,
}

export function afterFind(run: FindRun, event: Exclude<FindEventsEvent, { kind: 'saved' }>): FindRun {
  switch (event.kind) {
    case 'shots':
      return { ...run, shots: event }
    case 'summary':
      return { ...run, summarizing: true }
    case 'segment': {
      const { done, of, segment, events, secondsLeft } = event
      return {
        ...run,
        shots: null,
        segments: [...run.segments, segment],
        events: [...run.events, ...events],
        done,
        of,
        secondsLeft,
        scoring: { ...newScoring, notices: run.scoring.notices },
      }
    }
    default:
      return { ...run, shots: null, scoring: afterScoring(run.scoring, event) }
  }
}

/** What a search for events does now. */
export function findText({ shots, scoring, summarizing }: FindRun): string {
  if (summarizing) return t('Writing chapters and summary')
  return shots ? t('Searching for shot changes') : scoringText(scoring)
}

/** Finished share of a search for events, from 0 to 1; null if unknown. */
export function findShare({ shots, scoring, done, of }: FindRun): number | null {
  if (shots) return shots.duration > 0 ? Math.min(1, shots.seconds / shots.duration) : null
  return of > 0 ? done / of : scoringShare(scoring)
}

/** Finished segments and the time left: `3 of 12 segments · about 2 min left`. */
export function findCountText({ done, of, secondsLeft, running }: FindRun): string {
  if (of === 0) return ''
  const left = running && done < of ? timeLeftText(secondsLeft) : ''
  const count = t('{done, number} of {of, plural, one {# segment} other {# segments}}', { done, of })
  return [count, ...(left === '' ? [] : [left])].join(' · ')
}
