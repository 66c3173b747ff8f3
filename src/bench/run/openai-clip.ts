import { readFile, stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { MediaProcess } from '../../engine/host/media-process.ts'
import { readFailure } from '../../platform/file-failure.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import type { SamplerName } from '../../shared/frame-request.ts'
import type { ClipFile } from '../locate-videos.ts'
import type { Used } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import { SampleClips } from './sample-clips.ts'
import { mediaTypeOf } from './video-type.ts'

/**
 * How to send a clip to a server: as images chosen by this program's sampler, as the whole file in the request, or as a `file:` URL that the server
 * opens itself.
 */
export const clipForms = ['frames', 'video', 'path'] as const
export type ClipForm = (typeof clipForms)[number]

export interface ClipSettings {
  readonly form: ClipForm
  /** Only used with `frames`: a server that receives the file chooses frames itself. */
  readonly frames: { readonly kind: SamplerName; readonly count: number }
  readonly maxPixels?: number | undefined
}

/** A sample as parts of a user's message, and the known properties of what the model sees. */
export interface ShownSample extends Pick<Used, 'frames' | 'width' | 'height'> {
  readonly parts: readonly object[]
}

/** Maximum size of a video file. Base64 adds a third; servers reject requests far below that size. */
const MAX_VIDEO_BYTES = 256 * 2 ** 20

/** Converts samples to messages. */
export class ClipSender implements AsyncDisposable {
  readonly #settings: ClipSettings
  readonly #media = new MediaProcess()

  constructor(settings: ClipSettings) {
    this.#settings = settings
  }

  async show(files: readonly ClipFile[], sample: Sample, signal: AbortSignal): Promise<ShownSample> {
    const { form } = this.#settings
    switch (form) {
      case 'frames':
        return await this.#frames(files, sample, signal)
      case 'video':
      case 'path':
        return await this.#files(form, files, sample, signal)
      default:
        return assertNever(form, 'form of a clip')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#media[Symbol.asyncDispose]()
  }

  async #frames(files: readonly ClipFile[], sample: Sample, signal: AbortSignal): Promise<ShownSample> {
    const { frames: wanted, maxPixels } = this.#settings
    await using shown = await SampleClips.open(sample, files, wanted, (path) => this.#media.use((media) => media.probe(path, signal)))
    const parts: object[] = []
    const seen: { index: number; time: number }[] = []
    let size: Pick<ShownSample, 'width' | 'height'> = { width: null, height: null }
    for (const part of shown.content) {
      if (part.kind === 'text') {
        parts.push({ type: 'text', text: part.text })
        continue
      }
      await this.#media.use(async (media) => {
        for await (const { index, time, width, height, bytes } of media.pictures({ ...part.clip, maxPixels }, null, signal)) {
          parts.push({ type: 'image_url', image_url: { url: `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}` } })
          seen.push({ index, time })
          size = { width, height }
        }
      })
    }
    return { parts, frames: seen, ...size }
  }

  async #files(form: 'video' | 'path', files: readonly ClipFile[], sample: Sample, signal: AbortSignal): Promise<ShownSample> {
    const parts: object[] = []
    let nth = 0
    for (const part of sample.content) {
      if (part.kind === 'text') {
        parts.push({ type: 'text', text: part.text })
        continue
      }
      const file = files[nth++]
      const { frames } = part.clip
      if (typeof file !== 'string' || (frames !== undefined && frames.kind !== 'picture'))
        throw new TarsierError(
          'invalid-range',
          'The sample is about certain frames of its clip, but these cannot be selected when the whole file is sent. Use --send frames.',
        )
      parts.push(await this.#whole(form, file, signal))
    }
    return { parts, frames: [], width: null, height: null }
  }

  async #whole(form: 'video' | 'path', video: string, signal: AbortSignal): Promise<object> {
    try {
      const stats = await stat(video)
      if (form === 'path') return { type: 'video_url', video_url: { url: pathToFileURL(video).href } }
      if (stats.isDirectory())
        throw new TarsierError('file-unreadable', `${video} is a folder of pictures and cannot be sent as a file. Use --send frames.`)
      if (stats.size > MAX_VIDEO_BYTES)
        throw new TarsierError(
          'upload-too-large',
          `${video} is too large for one request (${stats.size} bytes). Use --send path or --send frames.`,
        )
      const info = await this.#media.use((media) => media.probe(video, signal))
      const url = `data:${mediaTypeOf(info)};base64,${(await readFile(video, { signal })).toString('base64')}`
      return info.kind === 'image' ? { type: 'image_url', image_url: { url } } : { type: 'video_url', video_url: { url } }
    } catch (error) {
      signal.throwIfAborted()
      throw readFailure(video, error)
    }
  }
}
