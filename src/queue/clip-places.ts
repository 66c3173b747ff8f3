import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isPlaceholder } from '../bench/annotations.ts'
import { dataSetOf, isGenerated } from '../bench/datasets.ts'
import { type ClipFile, clipPath, VideoFolder } from '../bench/locate-videos.ts'
import type { MovingShapesVideos } from '../bench/moving-shapes/videos.ts'
import { clipsOf } from '../bench/sample.ts'
import { TarsierError } from '../shared/errors.ts'
import { FetchedClips, type FetchRules } from './fetched-clips.ts'
import type { Unit } from './unit.ts'

export interface PlaceOptions {
  /** Folder of the clips on this machine: relative paths start here, and placeholders of annotations are found below it. Null for the current folder. */
  readonly videos: string | null
  /** Home folder, in which moving-shapes caches its rendered clips. */
  readonly home: string
  readonly fetching: FetchRules
}

/** Finds the clips of units on this machine, and fetches those that are addresses. */
export class ClipPlaces implements AsyncDisposable {
  readonly #options: PlaceOptions
  readonly #fetched: FetchedClips
  #folder: Promise<VideoFolder> | null = null
  #drawn: Promise<MovingShapesVideos> | null = null

  private constructor(options: PlaceOptions, fetched: FetchedClips) {
    this.#options = options
    this.#fetched = fetched
  }

  /** Throws `file-missing` if the folder of the clips is not there, as when a shared folder is not mounted: otherwise every unit would fail. */
  static async open(options: PlaceOptions): Promise<ClipPlaces> {
    const { videos } = options
    if (videos !== null && !(await stat(videos).catch(() => null))?.isDirectory())
      throw new TarsierError('file-missing', `The folder ${videos} does not exist. Mount it, or give another folder with --videos.`)
    return new ClipPlaces(options, await FetchedClips.open(options.fetching))
  }

  /** The files of a unit's clips, in order. Fetched ones exist until {@link ClipPlaces.release}. Throws as the search and the download do. */
  async filesOf(unit: Unit, signal: AbortSignal): Promise<ClipFile[]> {
    if (unit.kind !== 'sample') return [await this.#fileOf(unit.file, signal)]
    const { sample } = unit
    const set = dataSetOf(sample.dataset)
    if (set && isGenerated(set)) return [await (await this.#generated()).videoFor(sample, signal)]
    const find = async (file: string) =>
      isPlaceholder(file) ? clipPath(file, sample, await this.#searched(signal)) : await this.#fileOf(file, signal)
    return await Promise.all(
      clipsOf(sample).map(async ({ file }) => (typeof file === 'string' ? await find(file) : await Promise.all(file.map(find)))),
    )
  }

  /** Removes what was fetched for a unit. */
  async release(unit: Unit): Promise<void> {
    const files = unit.kind === 'sample' ? clipsOf(unit.sample).flatMap(({ file }) => file) : [unit.file]
    for (const file of files) if (isAddress(file)) await this.#fetched.release(file)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetched[Symbol.asyncDispose]()
  }

  async #fileOf(file: string, signal: AbortSignal): Promise<string> {
    return isAddress(file) ? await this.#fetched.fileOf(file, signal) : resolve(this.#options.videos ?? '.', file)
  }

  /** Scanned with the first placeholder, once. */
  async #searched(signal: AbortSignal): Promise<VideoFolder | null> {
    const { videos } = this.#options
    if (videos === null) return null
    this.#folder ??= VideoFolder.open(videos, signal).catch((error: unknown) => {
      this.#folder = null
      throw error
    })
    return await this.#folder
  }

  /** Rendering loads the encoder's native library, which nothing else here needs. */
  async #generated(): Promise<MovingShapesVideos> {
    this.#drawn ??= import('../bench/moving-shapes/videos.ts').then(({ MovingShapesVideos: Videos }) => new Videos(this.#options.home))
    return await this.#drawn
  }
}

/** Whether a clip is an address to be fetched. */
export function isAddress(file: string): boolean {
  return /^https?:\/\//i.test(file)
}
