import { access, copyFile, mkdir, mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { FRAMES_ENDING } from '../../engine/media/media-names.ts'
import { readFailure } from '../../platform/file-failure.ts'
import { remove } from '../../platform/move.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import type { MediaMetadata } from '../../shared/media-metadata.ts'
import type { ClipFile } from '../locate-videos.ts'
import { clipsOf, type Sample } from '../sample.ts'
import { frameRequest, sharedCounts, type WantedFrames } from './clip-frames.ts'

/** A clip with its request for the engine and for this program's sampler. */
export interface PlannedClip {
  readonly path: string
  readonly frames: FrameRequest
}

/** A text or clip of the message, in order. */
export type PlannedPart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: PlannedClip }

/** The clips of one sample, ready to be opened. Lists of images are temporary folders of links, which exist until this object is disposed. */
export class SampleClips implements AsyncDisposable {
  readonly content: readonly PlannedPart[]
  readonly #folder: string | null

  private constructor(content: readonly PlannedPart[], folder: string | null) {
    this.content = content
    this.#folder = folder
  }

  /**
   * Throws `invalid-range` for frames that do not exist, `file-missing` and `file-unreadable` for images, and as `facts` does.
   *
   * @param files locations of the sample's clips, in order
   * @param metadata inspects a clip
   */
  static async open(
    sample: Sample,
    files: readonly ClipFile[],
    wanted: WantedFrames,
    metadata: (path: string) => Promise<MediaMetadata>,
  ): Promise<SampleClips> {
    const listed = files.some((file) => typeof file !== 'string')
    const folder = listed ? await mkdtemp(join(tmpdir(), 'tarsier-frames-')) : null
    try {
      const counts = sharedCounts(clipsOf(sample), wanted.count)
      const content: PlannedPart[] = []
      let nth = 0
      for (const part of sample.content) {
        if (part.kind === 'text') {
          content.push(part)
          continue
        }
        const file = files[nth] ?? []
        const path = typeof file === 'string' ? file : await linkPictures(file, join(folder ?? '', `${nth}${FRAMES_ENDING}`))
        const frames = await frameRequest(part.clip, wanted.kind, counts[nth] ?? 0, () => metadata(path))
        content.push({ kind: 'clip', clip: { path, frames } })
        nth++
      }
      return new SampleClips(content, folder)
    } catch (error) {
      await removeFolder(folder)
      throw error
    }
  }

  get clips(): PlannedClip[] {
    return this.content.flatMap((part) => (part.kind === 'clip' ? [part.clip] : []))
  }

  /** Whether some paths are temporary and are removed on disposal. */
  get temporary(): boolean {
    return this.#folder !== null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeFolder(this.#folder)
  }
}

/**
 * The pixels that a frame of a sample may have: an engine gives each clip the budget of a whole sample, while upstream shares it among all clips of a
 * sample.
 * @param samplePixels pixels of all frames of a sample, each counted once; null if frames have a fixed size
 * @param maxPixels the user's limit
 */
export function sharedPixelLimit(
  clips: readonly PlannedClip[],
  samplePixels: number | null,
  maxPixels: number | undefined,
): number | undefined {
  if (clips.length < 2 || samplePixels === null) return maxPixels
  const frames = clips.reduce((sum, { frames }) => sum + ('count' in frames ? frames.count : framesNamed(frames)), 0)
  return Math.min(maxPixels ?? Number.POSITIVE_INFINITY, Math.max(1, Math.floor(samplePixels / frames)))
}

function framesNamed(frames: Extract<FrameRequest, { kind: 'indices' | 'times' }>): number {
  return frames.kind === 'indices' ? frames.indices.length : frames.times.length
}

/** Links images, in their order, into one folder that the engine opens as a clip. */
async function linkPictures(files: readonly string[], folder: string): Promise<string> {
  await mkdir(folder)
  for (const [i, file] of files.entries()) {
    const link = join(folder, `${String(i).padStart(8, '0')}${extname(file)}`)
    try {
      await access(file)
      // Some systems do not allow every user to create links.
      await symlink(file, link).catch(() => copyFile(file, link))
    } catch (error) {
      throw readFailure(file, error)
    }
  }
  return folder
}

async function removeFolder(folder: string | null): Promise<void> {
  if (folder !== null) await remove(folder)
}
