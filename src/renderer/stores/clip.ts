import { create } from 'zustand'
import type { ClipMetadata } from '../../shared/contract/clips.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { timesFromSteps } from '../lib/frame-step.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

export interface Opening {
  readonly name: string
  /** Uploaded fraction from 0 to 1; null while the file is being read. */
  readonly sent: number | null
  /** File size in bytes; 0 if unknown. */
  readonly bytes: number
  readonly cancel: () => void
}

/** Progress of the preview, a version of the clip that browsers can play. */
export type PreviewState =
  | { readonly kind: 'none' }
  | { readonly kind: 'making'; readonly value: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: TarsierError }

interface ClipState {
  readonly metadata: ClipMetadata | null
  readonly opening: Opening | null
  /** Name of the last file that could not be opened, and the error. */
  readonly refused: { readonly name: string; readonly error: TarsierError } | null
  readonly preview: PreviewState
  /** Frame times in seconds from the first frame; null if the frame rate is constant or the times are not loaded yet. */
  readonly frameTimes: readonly number[] | null
  readonly setOpening: (opening: Opening | null) => void
  readonly refuse: (name: string, error: TarsierError | null) => void
  readonly show: (metadata: ClipMetadata) => void
  readonly close: () => void
}

export const useClip = create<ClipState>((set, get) => ({
  metadata: null,
  opening: null,
  refused: null,
  preview: { kind: 'none' },
  frameTimes: null,
  setOpening: (opening) => set({ opening, ...(opening && { refused: null }) }),
  refuse: (name, error) => set({ refused: error && { name, error } }),
  show: (metadata) => {
    const same = get().metadata?.handle === metadata.handle && get().metadata?.present === metadata.present
    set({
      metadata,
      refused: null,
      ...(!same && { preview: metadata.preview === 'ready' ? { kind: 'ready' } : { kind: 'none' }, frameTimes: null }),
    })
    if (!same && metadata.kind === 'video' && !metadata.constantRate && metadata.present) void loadFrameTimes(metadata.handle)
    if (!same && metadata.preview === 'needed' && metadata.present) void makePreview(metadata.handle)
  },
  close: () => set({ metadata: null, refused: null, preview: { kind: 'none' }, frameTimes: null }),
}))

async function loadFrameTimes(handle: string): Promise<void> {
  try {
    const steps = await service.clips.frameSteps({ handle })
    if (useClip.getState().metadata?.handle === handle) useClip.setState({ frameTimes: timesFromSteps(steps) })
  } catch {
    // The player falls back to the average rate. The filmstrip shows why the file cannot be read.
  }
}

/** Creates a preview that browsers can play, and reports progress. */
export async function makePreview(handle: string): Promise<void> {
  const still = () => useClip.getState().metadata?.handle === handle
  const onPreview = (preview: PreviewState) => still() && useClip.setState({ preview })
  onPreview({ kind: 'making', value: 0 })
  try {
    for await (const event of await service.clips.preview({ handle })) {
      if (!still()) return
      onPreview(event)
    }
  } catch (thrown) {
    const error = problemOf(thrown)
    if (error) onPreview({ kind: 'failed', error })
  }
}
