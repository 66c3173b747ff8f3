import { create } from 'zustand'

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
  readonly attach: (video: PlayableVideo | null) => void
  readonly at: (time: number) => void
  readonly setPlaying: (playing: boolean) => void
  readonly setRange: (range: PlayerState['range']) => void
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
  attach: (video) => set({ video }),
  at: (time) => set({ time }),
  setPlaying: (playing) => set({ playing }),
  setRange: (range) => set({ range }),
  togglePick: (index) => {
    const { picked } = get()
    set({ picked: picked.includes(index) ? picked.filter((other) => other !== index) : [...picked, index].sort((a, b) => a - b) })
  },
  clearPicks: () => set({ picked: [] }),
  reset: () => set({ time: 0, playing: false, range: null, picked: [] }),
}))

/** Seeks to a time, clamped to the clip. */
export function seekTo(seconds: number, duration: number): void {
  const { video, at } = usePlayer.getState()
  const time = Math.min(Math.max(0, seconds), duration)
  video?.seek(time)
  at(time)
}
