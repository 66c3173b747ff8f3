import { create } from 'zustand'
import { service } from '../transport.ts'

/** More than any screen shows; what is older goes. */
const MOST = 400

interface ThumbnailsState {
  /** JPEG in base64 by handle; null where the file cannot be read now. */
  readonly known: ReadonlyMap<string, string | null>
  readonly load: (handle: string) => void
}

const asked = new Set<string>()

export const useThumbnails = create<ThumbnailsState>((set, get) => ({
  known: new Map(),
  load: (handle) => {
    if (asked.has(handle) || get().known.has(handle)) return
    asked.add(handle)
    const keep = (jpeg: string | null) => {
      asked.delete(handle)
      set({ known: new Map([...get().known, [handle, jpeg] as const].slice(-MOST)) })
    }
    // A list without a picture is still a list.
    service.clips.thumbnail({ handle }).then(
      ({ jpeg }) => keep(jpeg),
      () => keep(null),
    )
  },
}))
