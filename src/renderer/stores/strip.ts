import { create } from 'zustand'
import type { FramePicture } from '../../shared/contract/clips.ts'
import { MAX_FRAMES } from '../../shared/frame-request.ts'
import { Latest } from '../lib/latest.ts'
import { service } from '../transport.ts'

/** Pixels of a picture: enough for the height of the filmstrip. */
const PICTURE_PIXELS = 20_000
/** More than a long time of scrolling needs; the next one starts anew. */
const MAX_PICTURES = 600

export type StripPicture = Pick<FramePicture, 'time' | 'jpeg'>

interface StripState {
  readonly handle: string | null
  /** Pictures of the clip in the order of their times. */
  readonly pictures: readonly StripPicture[]
  /** Loads pictures at these times, in seconds. A further call replaces one that has not finished. */
  readonly load: (handle: string, times: readonly number[]) => Promise<void>
}

const latest = new Latest()

/** Pictures of the filmstrip between the frames that the model receives. */
export const useStrip = create<StripState>((set, get) => ({
  handle: null,
  pictures: [],
  load: async (handle, times) => {
    const signal = latest.begin()
    if (get().handle !== handle) set({ handle, pictures: [] })
    if (times.length === 0) return
    try {
      const frames = { kind: 'times', times: times.slice(0, MAX_FRAMES) } as const
      for await (const { time, jpeg } of await service.clips.frames({ handle, frames, maxPixels: PICTURE_PIXELS }, { signal })) {
        if (signal.aborted) return
        const kept = get().pictures.length < MAX_PICTURES ? get().pictures : []
        set({ pictures: [...kept, { time, jpeg }].sort((a, b) => a.time - b.time) })
      }
    } catch {
      // The strip is a help to find a moment. The list of frames says why a file cannot be read.
    }
  },
}))
