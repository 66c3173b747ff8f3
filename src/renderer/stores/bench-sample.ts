import { create } from 'zustand'
import type { BenchSample } from '../../shared/contract/bench.ts'
import type { ClipMetadata, FramePicture } from '../../shared/contract/clips.ts'
import type { ErrorData, TarsierError } from '../../shared/errors.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** The selected sample, of one run or of two. */
export interface SampleChoice {
  readonly key: string
  /** Index in the current list. */
  readonly index: number
  readonly first: string | null
  readonly second: string | null
}

interface BenchSampleState {
  readonly choice: SampleChoice | null
  readonly first: BenchSample | null
  readonly second: BenchSample | null
  readonly problem: TarsierError | null
  readonly clip: ClipMetadata | null
  /** Error that prevents the clip from being shown. */
  readonly noClip: ErrorData | null
  readonly frames: readonly FramePicture[]
  readonly noFrames: ErrorData | null
  readonly show: (choice: SampleChoice) => Promise<void>
  /** Reloads answers and verdicts; the clip keeps playing. */
  readonly again: () => Promise<void>
  readonly close: () => void
}

const latest = new Latest()
const nothing = { first: null, second: null, problem: null, clip: null, noClip: null, frames: [], noFrames: null }

/** The selected sample. Loads its text first, then its clip, then the frames that the model received. */
export const useBenchSample = create<BenchSampleState>((set, get) => ({
  choice: null,
  ...nothing,
  show: async (choice) => {
    const signal = latest.begin()
    set({ choice, ...nothing })
    const { key } = choice
    try {
      const { first, second } = await loadDetails(choice, signal)
      if (signal.aborted) return
      set({ first, second })
      const run = choice.first ?? choice.second
      if (run === null) return
      const clip = await service.bench.clip({ run, key }, { signal })
      if (signal.aborted) return
      set(clip.kind === 'clip' ? { clip: clip.metadata } : { noClip: clip.error })
      if (clip.kind === 'clip' && (first ?? second)?.frames.length) await loadFrames(run, key, signal)
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem })
    }
  },
  again: async () => {
    const { choice } = get()
    const { signal } = latest
    if (choice === null) return
    const details = await loadDetails(choice, signal)
    if (!signal.aborted) set(details)
  },
  close: () => {
    latest.abort()
    if (get().choice) set({ choice: null, ...nothing })
  },
}))

async function loadDetails({ key, first, second }: SampleChoice, signal: AbortSignal): Promise<Pick<BenchSampleState, 'first' | 'second'>> {
  const of = (run: string | null) => (run === null ? null : service.bench.sample({ run, key }, { signal }))
  const details = await Promise.all([of(first), of(second)])
  return { first: details[0], second: details[1] }
}

async function loadFrames(run: string, key: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const picture of await service.bench.frames({ run, key }, { signal })) {
      if (signal.aborted) return
      useBenchSample.setState(({ frames }) => ({ frames: [...frames, picture] }))
    }
  } catch (error) {
    const problem = problemOf(error)
    if (problem && !signal.aborted) useBenchSample.setState({ noFrames: problem.toData() })
  }
}
