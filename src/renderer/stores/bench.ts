import { create } from 'zustand'
import type { BenchRun, BenchRunSummary, LeaderboardRow } from '../../shared/contract/bench.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { useBenchList } from './bench-list.ts'
import { useBenchSample } from './bench-sample.ts'
import { problemOf } from './problem.ts'

interface BenchState {
  readonly runs: readonly BenchRunSummary[]
  /** Folder in which runs are discovered; null until the service has sent it. */
  readonly folder: string | null
  readonly leaderboard: readonly LeaderboardRow[]
  readonly problem: TarsierError | null
  /** Id of the open run, set before `run` has loaded. */
  readonly open: string | null
  readonly run: BenchRun | null
  /** The run for comparison. */
  readonly other: BenchRunSummary | null
  readonly load: () => Promise<void>
  /** Rereads the runs from disk. The current run stays visible and is reloaded if it has changed. */
  readonly refresh: () => Promise<void>
  readonly loadLeaderboard: () => Promise<void>
  readonly show: (run: string | null) => Promise<void>
  readonly compareWith: (run: string | null) => void
  readonly addFolder: (handle: string) => Promise<void>
  readonly takeOff: (run: string) => Promise<void>
}

const opening = new Latest()

export const useBench = create<BenchState>((set, get) => ({
  runs: [],
  folder: null,
  leaderboard: [],
  problem: null,
  open: null,
  run: null,
  other: null,
  load: async () => set(await service.bench.list()),
  refresh: async () => {
    await Promise.all([get().load(), ...(get().leaderboard.length > 0 ? [get().loadLeaderboard()] : [])])
    const { open, run, other, runs } = get()
    const seen = [run, other].filter((shown) => shown !== null)
    if (open === null || seen.every(({ id, changed }) => runs.some((now) => now.id === id && now.changed === changed))) return
    const { signal } = opening
    const fresh = await service.bench.get({ run: open }, { signal })
    if (signal.aborted) return
    set({ run: fresh, other: runs.find(({ id }) => id === other?.id) ?? null })
    await Promise.all([useBenchList.getState().again(), useBenchSample.getState().again()])
  },
  loadLeaderboard: async () => set({ leaderboard: await service.bench.leaderboard() }),
  show: async (open) => {
    const signal = opening.begin()
    if (open !== get().open) useBenchSample.getState().close()
    set({ open, run: null, other: null, problem: null })
    if (open === null) return
    try {
      const run = await service.bench.get({ run: open }, { signal })
      if (!signal.aborted) set({ run })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem })
    }
  },
  compareWith: (run) => set({ other: get().runs.find(({ id }) => id === run) ?? null }),
  addFolder: async (folder) => {
    const { id } = await service.bench.open({ folder })
    await get().load()
    await get().show(id)
  },
  takeOff: async (run) => {
    await service.bench.close({ run })
    if (get().open === run) await get().show(null)
    await get().load()
  },
}))
