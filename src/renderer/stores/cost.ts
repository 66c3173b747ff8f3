import { create } from 'zustand'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { TarsierError } from '../../shared/errors.ts'
import type { Estimate } from '../../shared/estimate.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

interface CostState {
  /** Cost of the next question; null until it is known. */
  readonly cost: Estimate | null
  readonly problem: TarsierError | null
  readonly estimate: (handle: string, chat: string | undefined, settings: AskSettings) => Promise<void>
  readonly clear: () => void
}

const latest = new Latest()

export const useCost = create<CostState>((set) => ({
  cost: null,
  problem: null,
  estimate: async (handle, chat, settings) => {
    const signal = latest.begin()
    try {
      const cost = await service.estimate.cost({ handle, ...(chat !== undefined && { chat }), settings }, { signal })
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
