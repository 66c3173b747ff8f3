import { create } from 'zustand'
import { service } from '../transport.ts'

/** More than any screen shows; what is older goes. */
const MAX_THUMBNAILS = 400

interface ThumbnailsState {
  /** JPEG in base64 by handle; null where the file cannot be read now. */
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
    // A list without a picture is still a list.
    service.clips.thumbnail({ handle }).then(
      ({ jpeg }) => store(jpeg),
      () => store(null),
    )
  },
}))
