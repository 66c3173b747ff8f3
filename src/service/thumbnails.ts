import { stat } from 'node:fs/promises'
import type { MediaClient } from '../engine/host/media-client.ts'
import { isAbort } from '../shared/errors.ts'

/** Pictures in memory, of about 10 KB each; the least recently used is dropped. */
const MAX_PICTURES = 500

/** Pictures of clips for lists, made by the media process and kept in memory. */
export class Thumbnails {
  readonly #media: Pick<MediaClient, 'thumbnail'>
  readonly #made = new Map<string, Uint8Array>()

  constructor(media: Pick<MediaClient, 'thumbnail'>) {
    this.#media = media
  }

  /** Returns a JPEG of the frame at a time in seconds, or of the middle of the clip; null if the file cannot be read. */
  async of(path: string, time: number | null, signal: AbortSignal): Promise<Uint8Array | null> {
    try {
      const { size, mtimeMs } = await stat(path)
      const key = JSON.stringify([path, size, mtimeMs, time])
      const made = this.#made.get(key) ?? (await this.#media.thumbnail(path, time, signal))
      this.#made.delete(key)
      this.#made.set(key, made)
      for (const oldest of this.#made.keys()) {
        if (this.#made.size <= MAX_PICTURES) break
        this.#made.delete(oldest)
      }
      return made
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error
      return null // the list is shown without this picture
    }
  }
}
