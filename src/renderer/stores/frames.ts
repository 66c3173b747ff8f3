import { create } from 'zustand'
import type { FramePicture } from '../../shared/contract/clips.ts'
import type { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** Selects the frames that a model would receive. */
export interface FrameSelection {
  readonly handle: string
  readonly model?: string
  readonly frames?: FrameRequest
  readonly maxPixels?: number
}

interface FramesState {
  readonly selection: FrameSelection | null
  /** Selection for the next question, so that the strip can return to it. */
  readonly next: FrameSelection | null
  readonly pictures: readonly FramePicture[]
  /** Total number of frames; 0 until the first arrives. */
  readonly of: number
  readonly problem: TarsierError | null
  /** The turn whose frames are shown; null for those of the next question. */
  readonly turn: number | null
  readonly show: (selection: FrameSelection, turn: number | null) => Promise<void>
  /** Shows the frames of the next question if its selection has changed; otherwise the frames of an answer stay visible. */
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
