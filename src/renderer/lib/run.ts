import type { ChatEvent, Turn } from '../../shared/contract/chats.ts'
import type { Stage } from '../../shared/engine-events.ts'
import { assertNever } from '../../shared/errors.ts'
import { t } from '../../shared/text.ts'
import { durationText } from './time-text.ts'

/** An answer that is being generated. Times are in milliseconds of the page's clock. */
export interface Run {
  /** Null until the service has stored the question. */
  readonly turn: Turn | null
  readonly stage: Stage | 'asking' | 'queued'
  /** Number of earlier questions in the queue. */
  readonly ahead: number
  /** Encoded frames, of `of` in total. */
  readonly done: number
  readonly of: number
  readonly started: number
  readonly stageStarted: number
  readonly text: string
  readonly notices: readonly string[]
  /** Whether the answer belongs to a batch, which alone stops it. */
  readonly batch: boolean
}

/** @param turn the stored turn, if the page joins an answer that is already running */
export function startRun(now: number, turn: Turn | null = null): Run {
  const started = Math.min(now, turn?.created ?? now)
  return { turn, stage: 'asking', ahead: 0, done: 0, of: 0, started, stageStarted: now, text: turn?.text ?? '', notices: [], batch: false }
}

export function afterEvent(run: Run, event: ChatEvent, now: number): Run {
  switch (event.kind) {
    case 'turn':
      return { ...run, turn: event.turn, text: event.turn.text, batch: event.batch }
    case 'saved':
      return { ...run, turn: event.turn, text: event.turn.text }
    case 'queued':
      return { ...run, stage: 'queued', ahead: event.ahead }
    case 'stage':
      // Waiting for other questions is no part of the estimate.
      return { ...run, stage: event.stage, stageStarted: now, started: run.stage === 'queued' ? now : run.started }
    case 'frame':
      // Frame events may arrive before the stage event of encoding.
      return { ...run, stage: 'looking', stageStarted: run.done === 0 ? now : run.stageStarted, done: event.done, of: event.of }
    case 'delta':
      return { ...run, stage: 'writing', text: run.text + event.text }
    case 'notice':
      return { ...run, notices: [...run.notices, event.text] }
    case 'done':
      return { ...run, text: event.answer.text }
    default:
      return assertNever(event, 'event of a chat')
  }
}

/** Labels of the stages, in order. */
export const stageSteps = [t('Reading'), t('Encoding'), t('Processing'), t('Writing')] as const

/** Index of the run's stage in {@link stageSteps}; -1 before the first. */
export function stepOf({ stage }: Pick<Run, 'stage'>): number {
  return { asking: -1, queued: -1, loading: -1, probing: 0, looking: 1, thinking: 2, writing: 3, rewriting: 4, checking: 4 }[stage]
}

/** User-facing text for the current stage. */
export function stageText(run: Pick<Run, 'stage' | 'ahead' | 'done' | 'of'>): string {
  switch (run.stage) {
    case 'asking':
      return t('Preparing')
    case 'queued':
      return t('{ahead, plural, one {Waiting for one other question} other {Waiting for # other questions}}', { ahead: run.ahead })
    case 'loading':
      return t('Loading the model')
    case 'probing':
      return t('Reading the clip')
    case 'looking':
      return run.of > 0 ? t('Encoding frame {done} of {of}', { done: run.done, of: run.of }) : t('Encoding the clip')
    case 'thinking':
      return t('Processing the prompt')
    case 'writing':
      return t('Writing')
    case 'rewriting':
      return t('Rewriting the caption')
    case 'checking':
      return t('Checking the caption against the clip')
    default:
      return assertNever(run.stage, 'stage')
  }
}

/**
 * Estimated seconds until the first token: from the rate of encoded frames once at least two are done, otherwise from earlier measurements; negative if
 * it takes longer than that; null if unknown.
 */
export function secondsLeft(run: Run, now: number, estimate: number | null): number | null {
  if (run.stage === 'queued' || stepOf(run) >= stepOf({ stage: 'writing' })) return null
  if (run.stage === 'looking' && run.done >= 2 && run.of > run.done) {
    const each = (now - run.stageStarted) / 1000 / (run.done - 1)
    return each * (run.of - run.done)
  }
  return estimate === null ? null : estimate - (now - run.started) / 1000
}

export function timeLeftText(seconds: number | null): string {
  if (seconds === null) return ''
  return seconds < 0 ? t('longer than estimated') : t('about {duration} left', { duration: durationText(Math.max(1, seconds)) })
}
