import { create } from 'zustand'
import { useCost } from './cost.ts'
import { useFrames } from './frames.ts'

/** Commands for the video player of the page. */
export interface PlayableVideo {
  readonly play: () => void
  readonly pause: () => void
  readonly seek: (seconds: number) => void
}

interface PlayerState {
  readonly video: PlayableVideo | null
  readonly time: number
  readonly playing: boolean
  /** Start and end of the selected range; null for the whole clip. */
  readonly range: { readonly start: number; readonly end: number } | null
  /** Frame indices selected by hand; they take precedence over the range. */
  readonly picked: readonly number[]
  /** Time at which the video starts once it is loaded; null for the beginning. */
  readonly startAt: number | null
  /** Takes a video; one that replaces another of the same clip, after another view was shown, goes on where that stood. */
  readonly attach: (video: PlayableVideo | null) => void
  readonly at: (time: number) => void
  readonly setPlaying: (playing: boolean) => void
  readonly setRange: (range: PlayerState['range']) => void
  /** Selects the frames of the current plan by hand. Does nothing until all of them are known. */
  readonly beginPicking: () => void
  /** Adds or removes a frame. The first one is added to the frames of the current plan or removed from them. */
  readonly togglePick: (index: number) => void
  readonly clearPicks: () => void
  /** Resets the state for another clip. */
  readonly reset: () => void
}

export const usePlayer = create<PlayerState>((set, get) => ({
  video: null,
  time: 0,
  playing: false,
  range: null,
  picked: [],
  startAt: null,
  attach: (video) => {
    set({ video })
    const { time } = get()
    if (time > 0) video?.seek(time)
  },
  at: (time) => set({ time }),
  setPlaying: (playing) => set({ playing }),
  setRange: (range) => set({ range }),
  beginPicking: () => set({ picked: plannedFrames() ?? [] }),
  togglePick: (index) => {
    if (get().picked.length === 0) get().beginPicking()
    const { picked } = get()
    if (picked.length === 0) return
    set({ picked: picked.includes(index) ? picked.filter((other) => other !== index) : [...picked, index].sort((a, b) => a - b) })
  },
  clearPicks: () => set({ picked: [] }),
  reset: () => set({ time: 0, playing: false, range: null, picked: [], startAt: null }),
}))

/** Indices of the frames that the model would receive for the next question, ascending; null until all are known. */
export function plannedFrames(): readonly number[] | null {
  const { pictures, of, turn } = useFrames.getState()
  const frames = turn === null && of > 0 && pictures.length === of ? pictures : useCost.getState().cost?.frames
  return frames && frames.length > 0 ? [...new Set(frames.map(({ index }) => index))].sort((a, b) => a - b) : null
}

/** Seeks to a time, clamped to the clip. */
export function seekTo(seconds: number, duration: number): void {
  const { video, at } = usePlayer.getState()
  const time = Math.min(Math.max(0, seconds), duration)
  video?.seek(time)
  at(time)
}
