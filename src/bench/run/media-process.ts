import { MediaClient } from '../../engine/host/media-client.ts'
import { isProcessLost } from '../../shared/errors.ts'

/** Looks into clips in a process of their own, started at the first need. One that dies of a clip fails that look, and is replaced for the next one. */
export class MediaProcess implements AsyncDisposable {
  #media: MediaClient | null = null

  async look<T>(look: (media: MediaClient) => Promise<T>): Promise<T> {
    this.#media ??= new MediaClient()
    const media = this.#media
    try {
      return await look(media)
    } catch (error) {
      if (isProcessLost(error) && this.#media === media) {
        this.#media = null
        await media[Symbol.asyncDispose]()
      }
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media?.[Symbol.asyncDispose]()
  }
}
