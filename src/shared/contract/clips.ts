import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { FrameUsed } from '../engine-events.ts'
import type { Example } from '../examples.ts'
import { frameRequestSchema } from '../frame-request.ts'
import type { MediaMetadata } from '../media-metadata.ts'
import { idSchema, procedure } from './base.ts'

/**
 * A clip as the page knows it: by its handle. The shell and the server turn files into handles; their bytes come back from
 * `clipAddress` (server) or `shellClipAddress` (shell), with Range, and where {@link ClipMetadata.preview} says so better from there as a
 * preview. A handle stays what it is across restarts.
 */
export interface ClipMetadata extends MediaMetadata {
  readonly handle: string
  readonly name: string
  /** Whether browsers can show the file itself; `needed` says that a preview has to be made first. */
  readonly preview: 'not-needed' | 'needed' | 'ready'
  /** False when the file is not where it was: it can be shown a new place with `clips.locate`. */
  readonly present: boolean
}

/** A frame as the model gets it. */
export interface FramePicture extends FrameUsed {
  readonly width: number
  readonly height: number
  /** A JPEG, in base64. */
  readonly jpeg: string
  readonly done: number
  readonly of: number
}

export type PreviewProgress =
  | { readonly kind: 'making'; readonly value: number }
  /** It is there, under the clip's preview address. */
  | { readonly kind: 'ready' }

const handle = z.object({ handle: idSchema })

export const clipsContract = {
  /** What a clip is. Opens the file anew when it has changed since. */
  get: procedure.input(handle).output(type<ClipMetadata>()),
  /** The clips that come with the app. */
  examples: procedure.output(type<readonly Example[]>()),
  openExample: procedure.input(z.object({ name: z.string().max(200) })).output(type<ClipMetadata>()),
  /**
   * Milliseconds from each frame to the next, one fewer than there are frames; the first is shown at 0. Worth asking where the frames do not follow the
   * clip's rate (`constantRate`).
   */
  frameSteps: procedure.input(handle).output(type<readonly number[]>()),
  /** A small picture of the clip for lists: a JPEG in base64, its longer side at most 320 pixels; null when the file cannot be read now. */
  thumbnail: procedure.input(handle).output(type<{ readonly jpeg: string | null }>()),
  /**
   * Exactly the frames that a model would get, in order, at the very pixels it would get them.
   * `model` and `frames` default to the settings'; `maxPixels` limits the pixels of one frame further.
   */
  frames: procedure
    .input(
      z.object({
        handle: idSchema,
        model: z.string().max(200).exactOptional(),
        frames: frameRequestSchema.exactOptional(),
        maxPixels: z.int().min(1).max(1e9).exactOptional(),
      }),
    )
    .output(eventIterator(type<FramePicture>())),
  /** Makes the preview, or waits for the one being made; ends after `ready`. Nothing to do where none is needed. */
  preview: procedure.input(handle).output(eventIterator(type<PreviewProgress>())),
  /** Tells that a missing clip is now the file behind another handle, which then is one with it. Fails with `usage` when their contents differ, unless `force`. */
  locate: procedure.input(z.object({ handle: idSchema, file: idSchema, force: z.boolean().default(false) })).output(type<ClipMetadata>()),
}
