import { create } from 'zustand'

/** What the film on the page can be told to do. */
export interface PlayableVideo {
  readonly play: () => void
  readonly pause: () => void
  readonly seek: (seconds: number) => void
}

interface PlayerState {
  readonly video: PlayableVideo | null
  readonly time: number
  readonly playing: boolean
  /** In and out of the part that is to be looked at; null is the whole clip. */
  readonly range: { readonly start: number; readonly end: number } | null
  /** Frame numbers picked by hand; they win over the range. */
  readonly picked: readonly number[]
  readonly attach: (video: PlayableVideo | null) => void
  readonly at: (time: number) => void
  readonly setPlaying: (playing: boolean) => void
  readonly setRange: (range: PlayerState['range']) => void
  readonly togglePick: (index: number) => void
  readonly clearPicks: () => void
  /** For another clip. */
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

/** Goes to a time of the clip, within it. */
export function seekTo(seconds: number, duration: number): void {
  const { video, at } = usePlayer.getState()
  const time = Math.min(Math.max(0, seconds), duration)
  video?.seek(time)
  at(time)
}
