import { create } from 'zustand'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { TarsierError } from '../../shared/errors.ts'
import type { Estimate } from '../../shared/estimate.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** Longest question in characters. */
export const MAX_QUESTION = 100_000

interface CostState {
  /** Cost of the next question; null until it is known. */
  readonly cost: Estimate | null
  readonly problem: TarsierError | null
  /** `text` is the question that is being typed; empty for a short one. */
  readonly estimate: (handle: string, chat: string | undefined, settings: AskSettings, text: string) => Promise<void>
  readonly clear: () => void
}

const latest = new Latest()

export const useCost = create<CostState>((set) => ({
  cost: null,
  problem: null,
  estimate: async (handle, chat, settings, text) => {
    const signal = latest.begin()
    try {
      const cost = await service.estimate.cost(
        { handle, ...(chat !== undefined && { chat }), ...(text !== '' && { text: text.slice(0, MAX_QUESTION) }), settings },
        { signal },
      )
      if (!signal.aborted) set({ cost, problem: null })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ cost: null, problem })
    }
  },
  clear: () => {
    latest.abort()
    set({ cost: null, problem: null })
  },
}))
