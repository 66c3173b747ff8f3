import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import { readHead } from './local-file.ts'
import { resizeBicubic } from './resize.ts'
import { planFrames } from './sampling.ts'
import { StillClip } from './still-clip.ts'
import type { ChosenFrames, Clip, Frame, MediaInfo, PlanOptions, SamplingPlan } from './types.ts'

/** The images in a folder, sorted by name, as frames of one clip at 1 frame per second. All are resized to the size of the first. */
export class FramesClip implements Clip {
  readonly info: MediaInfo
  readonly #pictures: readonly StillClip[]
  #closed = false

  private constructor(info: MediaInfo, pictures: readonly StillClip[]) {
    this.info = info
    this.#pictures = pictures
  }

  /** Hidden files are left out. Throws `no-frames` for an empty folder, `not-media` for a file that is not an image, and as {@link StillClip} does. */
  static async open(folder: string, signal: AbortSignal): Promise<FramesClip> {
    const pictures: StillClip[] = []
    for (const name of (await readdir(folder)).filter((file) => !file.startsWith('.')).sort()) {
      signal.throwIfAborted()
      const path = join(folder, name)
      const { bytes, head } = await readHead(path)
      const picture = await StillClip.open(path, bytes, head)
      if (!picture) throw new TarsierError('not-media', `${name} is not a readable picture. Use JPEG, PNG or WebP.`)
      pictures.push(picture)
    }
    const [first] = pictures
    if (!first) throw new TarsierError('no-frames', `${folder} contains no pictures.`)
    const odd = pictures.filter(({ info }) => info.width !== first.info.width || info.height !== first.info.height).length
    const notices = odd === 0 ? [] : [`${odd} of ${pictures.length} pictures have a different size than the first one and are resized.`]
    const bytes = pictures.reduce((sum, { info }) => sum + info.bytes, 0)
    const info = {
      ...first.info,
      path: folder,
      kind: 'video',
      rotation: 0,
      frameCount: pictures.length,
      rate: 1,
      constantRate: true,
      duration: pictures.length,
      bytes,
      notices,
    } as const
    return new FramesClip(info, pictures)
  }

  plan(request: FrameRequest, options?: PlanOptions): SamplingPlan {
    const chosen = planFrames(request, { ...this.info, timeOf: (index) => index }, options)
    return { ...chosen, pixels: chosen.indices.length * this.info.width * this.info.height }
  }

  async *frames(plan: ChosenFrames, signal: AbortSignal, onNotice: (text: string) => void = () => {}): AsyncGenerator<Frame, void> {
    if (this.#closed) throw new Error('this clip is closed')
    const { width, height, path } = this.info
    let given = 0
    for (const index of plan.indices) {
      const decoded = await this.#decoded(index, signal, onNotice)
      if (!decoded) continue
      const sized = decoded.width === width && decoded.height === height ? decoded : resizeBicubic(decoded, width, height)
      given += 1
      yield { ...sized, index, time: index }
    }
    if (given === 0)
      throw new TarsierError('no-frames', `None of the selected pictures of ${path} can be decoded. They are damaged or incomplete.`)
  }

  /** Null for a picture that cannot be decoded. Notices name the frame. */
  async #decoded(index: number, signal: AbortSignal, onNotice: (text: string) => void): Promise<Frame | null> {
    const picture = this.#pictures[index]
    if (!picture) throw new Error('a plan contains only existing frames')
    const onDamage = () => onNotice(`Frame ${index} is damaged: parts of it are missing.`)
    try {
      for await (const frame of picture.frames({ indices: [0], times: [0], notices: [] }, signal, onDamage)) return frame
    } catch (error) {
      if (!(error instanceof TarsierError) || error.code !== 'no-frames') throw error
      onNotice(`Frame ${index} cannot be decoded and is skipped.`)
    }
    return null
  }

  async contentHash(signal: AbortSignal): Promise<string> {
    const hash = createHash('sha256')
    for (const picture of this.#pictures) hash.update(await picture.contentHash(signal))
    return hash.digest('hex')
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
