import { create } from 'zustand'
import { service } from '../transport.ts'

/** More than fit on any screen; older ones are evicted. */
const MAX_THUMBNAILS = 400
/** Requests at a time. A browser has about six connections for a server, and the rows of a list and answers must not wait for pictures. */
const MAX_REQUESTS = 3
/** Milliseconds for which a thumbnail must be wanted; those that a fast scroll passes are not requested. */
const SETTLE_MS = 80

/** What a thumbnail shows: a clip, at a time in seconds or in its middle, or the clip of a benchmark's sample. */
export type Pictured = { readonly handle: string; readonly time?: number | undefined } | { readonly run: string; readonly sample: string }

interface ThumbnailsState {
  /** Base64-encoded JPEG by {@link thumbnailKey}; null if the file cannot be read at the moment. */
  readonly known: ReadonlyMap<string, string | null>
  /** Loads a thumbnail if it is still wanted after a moment. The returned function says that it is no longer. */
  readonly want: (pictured: Pictured) => () => void
  /** Requests what is wanted and not known, after an outage. */
  readonly again: () => void
  /** Requests the pictures of a clip anew, because its file has changed. */
  readonly forget: (handle: string) => void
}

/** What is shown at the moment, last wanted last. */
const wanted = new Set<Pictured>()
/** What of it is to be requested. */
const waiting = new Set<Pictured>()
const requested = new Set<string>()

export const useThumbnails = create<ThumbnailsState>((set, get) => {
  const store = (key: string, jpeg: string | null) => set({ known: new Map([...get().known, [key, jpeg] as const].slice(-MAX_THUMBNAILS)) })
  const requestNext = () => {
    while (requested.size < MAX_REQUESTS) {
      // What is visible now has been wanted last.
      const pictured = [...waiting].at(-1)
      if (!pictured) return
      waiting.delete(pictured)
      const key = thumbnailKey(pictured)
      if (requested.has(key) || get().known.has(key)) continue
      requested.add(key)
      request(pictured)
        .then(
          ({ jpeg }) => store(key, jpeg),
          // A list is still useful without thumbnails. They are requested again after an outage.
          () => {},
        )
        .finally(() => {
          requested.delete(key)
          requestNext()
        })
    }
  }
  return {
    known: new Map(),
    want: (pictured) => {
      wanted.add(pictured)
      const timer = setTimeout(() => {
        waiting.add(pictured)
        requestNext()
      }, SETTLE_MS)
      return () => {
        clearTimeout(timer)
        wanted.delete(pictured)
        waiting.delete(pictured)
      }
    },
    again: () => {
      for (const pictured of wanted) waiting.add(pictured)
      requestNext()
    },
    forget: (handle) => {
      set({ known: new Map([...get().known].filter(([key]) => !key.startsWith(`${handle} `))) })
      get().again()
    },
  }
})

export function thumbnailKey(pictured: Pictured): string {
  return 'handle' in pictured ? `${pictured.handle} ${pictured.time ?? ''}` : `${pictured.run} ${pictured.sample}`
}

function request(pictured: Pictured): Promise<{ readonly jpeg: string | null }> {
  if ('run' in pictured) return service.bench.thumbnail({ run: pictured.run, key: pictured.sample })
  const { handle, time } = pictured
  return service.clips.thumbnail({ handle, ...(time !== undefined && { time }) })
}
