import { create } from 'zustand'
import type { TarsierError } from '../../shared/errors.ts'
import type { TimedText } from '../../shared/timed-text.ts'
import { Latest } from '../lib/latest.ts'
import { afterScoring, newScoring, type ScoringRun } from '../lib/scoring-run.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

interface TextCheckState {
  /** The text as typed by the user. */
  readonly text: string
  readonly run: ScoringRun | null
  readonly result: TimedText | null
  readonly problem: TarsierError | null
  readonly edit: (text: string) => void
  readonly check: (handle: string) => Promise<void>
  readonly stop: () => void
  readonly clear: () => void
}

const latest = new Latest()

/** The check of a text against the open clip. */
export const useTextCheck = create<TextCheckState>((set, get) => ({
  text: '',
  run: null,
  result: null,
  problem: null,
  edit: (text) => set({ text }),
  check: async (handle) => {
    const signal = latest.begin()
    const text = get().text.trim()
    set({ run: newScoring, result: null, problem: null })
    try {
      for await (const event of await service.events.check({ handle, text }, { signal })) {
        if (signal.aborted) return
        if (event.kind === 'checked') set({ run: null, result: event.timed })
        else set({ run: afterScoring(get().run ?? newScoring, event) })
      }
    } catch (error) {
      if (!signal.aborted) set({ run: null, problem: problemOf(error) })
    }
  },
  stop: () => {
    latest.abort()
    set({ run: null })
  },
  clear: () => {
    latest.abort()
    set({ text: '', run: null, result: null, problem: null })
  },
}))
