import type { ChatEvent, Turn } from '../../shared/contract/chats.ts'
import type { Stage } from '../../shared/engine-events.ts'
import { assertNever } from '../../shared/errors.ts'
import { durationText } from './time-text.ts'

/** An answer that is being made. Times are milliseconds of the page's clock. */
export interface Run {
  /** Null until the service has written the question down. */
  readonly turn: Turn | null
  readonly stage: Stage | 'asking' | 'queued'
  /** Questions of others that come first. */
  readonly ahead: number
  /** Frames that were looked at, of all. */
  readonly done: number
  readonly of: number
  readonly started: number
  readonly stageStarted: number
  readonly text: string
  readonly notices: readonly string[]
}

export function startRun(now: number): Run {
  return { turn: null, stage: 'asking', ahead: 0, done: 0, of: 0, started: now, stageStarted: now, text: '', notices: [] }
}

export function afterEvent(run: Run, event: ChatEvent, now: number): Run {
  switch (event.kind) {
    case 'turn':
    case 'saved':
      return { ...run, turn: event.turn }
    case 'queued':
      return { ...run, stage: 'queued', ahead: event.ahead }
    case 'stage':
      return { ...run, stage: event.stage, stageStarted: now }
    case 'frame':
      // Frames are looked at while the stage before may still be told.
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

/** The stages in the words of the page, in their order. */
export const stageSteps = ['Reading', 'Looking', 'Thinking', 'Writing'] as const

/** Which of {@link stageSteps} a run is at; -1 before the first. */
export function stepOf({ stage }: Run): number {
  return { asking: -1, queued: -1, loading: -1, probing: 0, looking: 1, thinking: 2, writing: 3 }[stage]
}

/** What is going on, as a person would say it. */
export function stageText(run: Run): string {
  switch (run.stage) {
    case 'asking':
      return 'Getting ready'
    case 'queued':
      return run.ahead === 1 ? 'Waiting for one other question' : `Waiting for ${run.ahead} other questions`
    case 'loading':
      return 'Loading the model'
    case 'probing':
      return 'Reading the clip'
    case 'looking':
      return run.of > 0 ? `Looking at frame ${run.done} of ${run.of}` : 'Looking at the clip'
    case 'thinking':
      return 'Thinking'
    case 'writing':
      return 'Writing'
    default:
      return assertNever(run.stage, 'stage')
  }
}

/**
 * Seconds until the first word: by the frames that were looked at once there are some, else by what the same cost before;
 * null when nothing is known.
 */
export function secondsLeft(run: Run, now: number, estimate: number | null): number | null {
  if (run.stage === 'writing') return null
  if (run.stage === 'looking' && run.done >= 2 && run.of > run.done) {
    const each = (now - run.stageStarted) / 1000 / (run.done - 1)
    return each * (run.of - run.done)
  }
  return estimate === null ? null : Math.max(0, estimate - (now - run.started) / 1000)
}

export function timeLeftText(seconds: number | null): string {
  if (seconds === null) return ''
  return seconds < 1 ? 'nearly there' : `about ${durationText(seconds)} left`
}
