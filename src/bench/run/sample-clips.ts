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

/** A clip as the engine and our own sampler are asked for it. */
export interface PlannedClip {
  readonly path: string
  readonly frames: FrameRequest
}

/** A piece of what is said and shown, in its place. */
export type PlannedPart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'clip'; readonly clip: PlannedClip }

/** The clips of one sample, ready to be opened. Lists of pictures are folders of links for as long as this is open. */
export class SampleClips implements AsyncDisposable {
  readonly content: readonly PlannedPart[]
  readonly #folder: string | null

  private constructor(content: readonly PlannedPart[], folder: string | null) {
    this.content = content
    this.#folder = folder
  }

  /**
   * Throws `invalid-range` for frames that are not there, `file-missing` and `file-unreadable` for pictures, and what `facts` throws.
   *
   * @param files where the sample's clips lie, in order
   * @param facts looks at a clip
   */
  static async open(
    sample: Sample,
    files: readonly ClipFile[],
    wanted: WantedFrames,
    facts: (path: string) => Promise<MediaMetadata>,
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
        const frames = await frameRequest(part.clip, wanted.kind, counts[nth] ?? 0, () => facts(path))
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

  /** Whether paths are only there as long as this is open. */
  get temporary(): boolean {
    return this.#folder !== null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeFolder(this.#folder)
  }
}

/** Pictures in their order as one folder, which the engine opens as a clip. */
async function linkPictures(files: readonly string[], folder: string): Promise<string> {
  await mkdir(folder)
  for (const [i, file] of files.entries()) {
    const link = join(folder, `${String(i).padStart(8, '0')}${extname(file)}`)
    try {
      await access(file)
      // Not every system lets everybody make links.
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
