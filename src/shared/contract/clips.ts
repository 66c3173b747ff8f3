import { eventIterator, type } from '@orpc/contract'
import { z } from 'zod'
import type { FrameUsed } from '../engine-events.ts'
import type { Example } from '../examples.ts'
import { frameRequestSchema } from '../frame-request.ts'
import type { MediaMetadata } from '../media-metadata.ts'
import { idSchema, procedure } from './base.ts'

/**
 * A clip as the page knows it. The shell and the server turn files into handles; the bytes are served at `clipAddress` (server) or
 * `shellClipAddress` (shell), with Range support, and as a preview where {@link ClipMetadata.preview} requires one. Handles stay valid
 * across restarts.
 */
export interface ClipMetadata extends MediaMetadata {
  readonly handle: string
  readonly name: string
  /** Whether browsers can play the file; `needed` means that a preview has to be made first. */
  readonly preview: 'not-needed' | 'needed' | 'ready'
  /** False if the file was moved or removed; `clips.locate` sets its new path. */
  readonly present: boolean
}

/** A frame as the model receives it. */
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
  /** The preview is available at the clip's preview URL. */
  | { readonly kind: 'ready' }

const handle = z.object({ handle: idSchema })

export const clipsContract = {
  /** Metadata of a clip. Opens the file again if it has changed. */
  get: procedure.input(handle).output(type<ClipMetadata>()),
  /** The included example clips. */
  examples: procedure.output(type<readonly Example[]>()),
  openExample: procedure.input(z.object({ name: z.string().max(200) })).output(type<ClipMetadata>()),
  /**
   * Milliseconds from each frame to the next, one fewer than there are frames; the first is shown at 0. Worth asking where the frames do not follow the
   * clip's rate (`constantRate`).
   */
  frameSteps: procedure.input(handle).output(type<readonly number[]>()),
  /**
   * Thumbnail of the clip, of its frame at `time` in seconds or of its middle: a base64 JPEG with a longer side of at most 320 pixels; null if the file
   * cannot be read.
   */
  thumbnail: procedure.input(handle.extend({ time: z.number().min(0).exactOptional() })).output(type<{ readonly jpeg: string | null }>()),
  /**
   * The frames that a model would receive, in order and with the same pixels.
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
  /** Makes the preview or waits for it, and ends after `ready`. Does nothing if none is needed. */
  preview: procedure.input(handle).output(eventIterator(type<PreviewProgress>())),
  /** Replaces a missing clip's file by that of another handle, and merges the two. Throws `usage` if the contents differ, unless `force`. */
  locate: procedure.input(z.object({ handle: idSchema, file: idSchema, force: z.boolean().default(false) })).output(type<ClipMetadata>()),
}
