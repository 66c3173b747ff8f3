import { isProcessLost } from '../../shared/errors.ts'
import { MediaClient } from './media-client.ts'

/**
 * Inspects clips in a separate process, started on first use. If a clip crashes the process, that call fails, and the next call starts a new
 * process.
 */
export class MediaProcess implements AsyncDisposable {
  #media: MediaClient | null = null

  async use<T>(use: (media: MediaClient) => Promise<T>): Promise<T> {
    this.#media ??= new MediaClient()
    const media = this.#media
    try {
      return await use(media)
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
