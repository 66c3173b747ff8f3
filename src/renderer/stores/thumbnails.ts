import { create } from 'zustand'
import { service } from '../transport.ts'

/** More than fit on any screen; older ones are evicted. */
const MAX_THUMBNAILS = 400

/** What a thumbnail shows: a clip, at a time in seconds or in its middle, or the clip of a benchmark's sample. */
export type Pictured = { readonly handle: string; readonly time?: number | undefined } | { readonly run: string; readonly sample: string }

interface ThumbnailsState {
  /** Base64-encoded JPEG by {@link thumbnailKey}; null if the file cannot be read at the moment. */
  readonly known: ReadonlyMap<string, string | null>
  readonly load: (pictured: Pictured) => void
}

const requested = new Set<string>()

export const useThumbnails = create<ThumbnailsState>((set, get) => ({
  known: new Map(),
  load: (pictured) => {
    const key = thumbnailKey(pictured)
    if (requested.has(key) || get().known.has(key)) return
    requested.add(key)
    const store = (jpeg: string | null) => {
      requested.delete(key)
      set({ known: new Map([...get().known, [key, jpeg] as const].slice(-MAX_THUMBNAILS)) })
    }
    // A list is still useful without thumbnails.
    request(pictured).then(
      ({ jpeg }) => store(jpeg),
      () => store(null),
    )
  },
}))

export function thumbnailKey(pictured: Pictured): string {
  return 'handle' in pictured ? `${pictured.handle} ${pictured.time ?? ''}` : `${pictured.run} ${pictured.sample}`
}

function request(pictured: Pictured): Promise<{ readonly jpeg: string | null }> {
  if ('run' in pictured) return service.bench.thumbnail({ run: pictured.run, key: pictured.sample })
  const { handle, time } = pictured
  return service.clips.thumbnail({ handle, ...(time !== undefined && { time }) })
}
