import { create } from 'zustand'
import { service } from '../transport.ts'

/** More than fit on any screen; older ones are evicted. */
const MAX_THUMBNAILS = 400

interface ThumbnailsState {
  /** Base64-encoded JPEG by handle; null if the file cannot be read at the moment. */
  readonly known: ReadonlyMap<string, string | null>
  readonly load: (handle: string) => void
}

const requested = new Set<string>()

export const useThumbnails = create<ThumbnailsState>((set, get) => ({
  known: new Map(),
  load: (handle) => {
    if (requested.has(handle) || get().known.has(handle)) return
    requested.add(handle)
    const store = (jpeg: string | null) => {
      requested.delete(handle)
      set({ known: new Map([...get().known, [handle, jpeg] as const].slice(-MAX_THUMBNAILS)) })
    }
    // A list is still useful without thumbnails.
    service.clips.thumbnail({ handle }).then(
      ({ jpeg }) => store(jpeg),
      () => store(null),
    )
  },
}))
