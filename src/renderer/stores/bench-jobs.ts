import { create } from 'zustand'
import type { BenchJob } from '../../shared/contract/bench.ts'
import { service } from '../transport.ts'
import { useBench } from './bench.ts'

/** Time between reloads of the list while a run is being written, in milliseconds. */
const REFRESH_MS = 5000

interface BenchJobsState {
  readonly jobs: readonly BenchJob[]
  /** Watches jobs until `signal` aborts. Runs that are being written are reloaded meanwhile, and again when a job ends. */
  readonly follow: (signal: AbortSignal) => Promise<void>
}

/** Benchmarks that the service runs. */
export const useBenchJobs = create<BenchJobsState>((set, get) => ({
  jobs: [],
  follow: async (signal) => {
    let refreshed = 0
    for await (const jobs of await service.bench.jobs(undefined, { signal })) {
      const before = get().jobs
      set({ jobs })
      const running = (all: readonly BenchJob[]) => all.filter(({ state }) => state === 'running').length
      const ended = running(jobs) < running(before)
      const written = jobs.some(({ id, done }) => done !== (before.find((other) => other.id === id)?.done ?? 0))
      if (!ended && !(written && Date.now() - refreshed > REFRESH_MS)) continue
      refreshed = Date.now()
      await useBench.getState().refresh()
    }
  },
}))
