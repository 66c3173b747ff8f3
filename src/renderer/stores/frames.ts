import { create } from 'zustand'
import type { FramePicture } from '../../shared/contract/clips.ts'
import type { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** Which pictures: those that a model would get of a clip. */
export interface FrameSelection {
  readonly handle: string
  readonly model?: string
  readonly frames?: FrameRequest
  readonly maxPixels?: number
}

interface FramesState {
  readonly selection: FrameSelection | null
  /** What the next question would see, to be come back to. */
  readonly next: FrameSelection | null
  readonly pictures: readonly FramePicture[]
  /** How many there will be; 0 until the first is there. */
  readonly of: number
  readonly problem: TarsierError | null
  /** The question whose frames are shown; null for those that the next question would see. */
  readonly turn: number | null
  readonly show: (selection: FrameSelection, turn: number | null) => Promise<void>
  /** What the next question would see, shown when it is not the same as before: whoever looks at an answer's frames goes on doing so. */
  readonly follow: (selection: FrameSelection) => Promise<void>
  readonly showNext: () => Promise<void>
  readonly clear: () => void
}

const latest = new Latest()

export const useFrames = create<FramesState>((set, get) => ({
  selection: null,
  next: null,
  pictures: [],
  of: 0,
  problem: null,
  turn: null,
  show: async (selection, turn) => {
    if (turn === null) set({ next: selection })
    if (JSON.stringify(selection) === JSON.stringify(get().selection) && !get().problem) return set({ turn })
    const signal = latest.begin()
    set({ selection, turn, pictures: [], of: 0, problem: null })
    try {
      for await (const picture of await service.clips.frames(selection, { signal })) {
        if (signal.aborted) return
        set({ pictures: [...get().pictures, picture], of: picture.of })
      }
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem })
    }
  },
  follow: async (selection) => {
    if (JSON.stringify(selection) !== JSON.stringify(get().next)) await get().show(selection, null)
  },
  showNext: async () => {
    const { next, show } = get()
    if (next) await show(next, null)
  },
  clear: () => {
    latest.abort()
    set({ selection: null, next: null, pictures: [], of: 0, problem: null, turn: null })
  },
}))
