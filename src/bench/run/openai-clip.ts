import { readFile, stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { MediaClient } from '../../engine/host/media-client.ts'
import { fileError } from '../../engine/media/local-file.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import type { FrameRequest, SamplerName } from '../../shared/frame-request.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import { mediaTypeOf } from './video-type.ts'

/**
 * How a server is shown a clip: as pictures that our own sampler takes, as the whole file in the request, or as a `file:` address that the
 * server opens itself.
 */
export const clipForms = ['frames', 'video', 'path'] as const
export type ClipForm = (typeof clipForms)[number]

export interface ClipSettings {
  readonly form: ClipForm
  /** With `frames` only: a server that gets the file chooses by itself. */
  readonly frames: { readonly kind: SamplerName; readonly count: number }
  readonly maxPixels?: number | undefined
}

/** A clip as parts of a user's message, and what is known of what the model sees. */
export interface ShownClip extends Pick<Used, 'frames' | 'width' | 'height'> {
  readonly parts: readonly object[]
}

/** In base64 a third more; servers refuse long before that. */
const MAX_VIDEO_BYTES = 256 * 2 ** 20

/** Makes clips into messages. Frames are decoded in a process of their own; one that dies of a clip fails that sample and is replaced. */
export class ClipSender implements AsyncDisposable {
  readonly #settings: ClipSettings
  #media = new MediaClient()

  constructor(settings: ClipSettings) {
    this.#settings = settings
  }

  async show(video: string, sample: Sample, signal: AbortSignal): Promise<ShownClip> {
    const { form } = this.#settings
    switch (form) {
      case 'frames':
        return await this.#frames(video, sample, signal)
      case 'video':
      case 'path':
        if (sample.range)
          throw new TarsierError(
            'invalid-range',
            'The sample asks about a part of its clip, which a server that gets the whole file cannot be told. Use --send frames.',
          )
        return { parts: [await this.#whole(form, video, signal)], frames: [], width: null, height: null }
      default:
        return assertNever(form, 'form of a clip')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media[Symbol.asyncDispose]()
  }

  async #frames(video: string, sample: Sample, signal: AbortSignal): Promise<ShownClip> {
    const { frames: wanted, maxPixels } = this.#settings
    const frames: FrameRequest = { ...wanted, ...(sample.range && { range: sample.range }) }
    const parts: object[] = []
    const seen: { index: number; time: number }[] = []
    let size: Pick<ShownClip, 'width' | 'height'> = { width: null, height: null }
    await this.#look(async (media) => {
      for await (const { index, time, width, height, jpeg } of media.pictures({ path: video, frames, maxPixels }, null, signal)) {
        parts.push({ type: 'image_url', image_url: { url: `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}` } })
        seen.push({ index, time })
        size = { width, height }
      }
    })
    return { parts, frames: seen, ...size }
  }

  async #whole(form: 'video' | 'path', video: string, signal: AbortSignal): Promise<object> {
    try {
      const facts = await stat(video)
      if (form === 'path') return { type: 'video_url', video_url: { url: pathToFileURL(video).href } }
      if (facts.isDirectory())
        throw new TarsierError('file-unreadable', `${video} is a folder of pictures, which is no file to send. Use --send frames.`)
      if (facts.size > MAX_VIDEO_BYTES)
        throw new TarsierError(
          'upload-too-large',
          `${video} has ${facts.size} bytes, too many for one request. Use --send path or --send frames.`,
        )
      const info = await this.#look((media) => media.probe(video, signal))
      const url = `data:${mediaTypeOf(info)};base64,${(await readFile(video, { signal })).toString('base64')}`
      return info.kind === 'image' ? { type: 'image_url', image_url: { url } } : { type: 'video_url', video_url: { url } }
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof TarsierError ? error : fileError(video, error as NodeJS.ErrnoException)
    }
  }

  /** Looks into a clip. A process that dies of it is replaced for the next one. */
  async #look<T>(look: (media: MediaClient) => Promise<T>): Promise<T> {
    const media = this.#media
    try {
      return await look(media)
    } catch (error) {
      if (error instanceof TarsierError && error.code === 'engine-crashed' && this.#media === media) {
        this.#media = new MediaClient()
        await media[Symbol.asyncDispose]()
      }
      throw error
    }
  }
}
