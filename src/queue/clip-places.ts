import { opendir } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { isPlaceholder } from '../bench/annotations.ts'
import { dataSetOf, isGenerated } from '../bench/datasets.ts'
import { type ClipFile, clipFile, VideoFolder } from '../bench/locate-videos.ts'
import type { MovingShapesVideos } from '../bench/moving-shapes/videos.ts'
import { clipsOf, type Sample } from '../bench/sample.ts'
import { readFailure } from '../platform/file-failure.ts'
import { isInside } from '../platform/is-inside.ts'
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
  /** Absolute path of the folder at which relative paths start. */
  readonly #base: string
  readonly #fetched: FetchedClips
  /** Addresses whose files each unit uses. */
  readonly #borrowed = new WeakMap<Unit, string[]>()
  #folder: Promise<VideoFolder> | null = null
  #drawn: Promise<MovingShapesVideos> | null = null

  private constructor(options: PlaceOptions, fetched: FetchedClips) {
    this.#options = options
    this.#base = resolve(options.videos ?? '.')
    this.#fetched = fetched
  }

  /** Throws `file-missing` if the folder of the clips is not there, as when a shared folder is not mounted: otherwise every unit would fail. */
  static async open(options: PlaceOptions): Promise<ClipPlaces> {
    const places = new ClipPlaces(options, await FetchedClips.open(options.fetching))
    const failure = options.videos === null ? null : await folderFailure(places.#base)
    // Jobs whose clips are elsewhere need nothing in it.
    if (failure !== null && failure !== 'empty') throw failure
    return places
  }

  /** The files of a unit's clips, in order. Fetched ones exist until {@link release}. Throws as the search and the download do. */
  async filesOf(unit: Unit, signal: AbortSignal): Promise<ClipFile[]> {
    if (unit.kind !== 'sample') return [await this.#fileOf(unit.file, unit, signal)]
    const { sample } = unit
    const set = dataSetOf(sample.dataset)
    if (set && isGenerated(set)) return [await (await this.#generated()).videoFor(sample, signal)]
    const find = async (file: string): Promise<ClipFile> =>
      isPlaceholder(file) ? clipFile(file, sample, await this.#searched(signal)) : await this.#fileOf(file, unit, signal)
    const findAll = async (files: readonly string[]) => (await allOf(files.map(find))).flat()
    return await allOf<ClipFile>(clipsOf(sample).map(({ file }) => (typeof file === 'string' ? find(file) : findAll(file))))
  }

  /**
   * Why the folder of the clips cannot be used any more, as when a network drive was disconnected; null if it can. A folder without content counts as
   * such: it is what remains of an unmounted one.
   * @param unit null also if this unit has no clip in the folder
   */
  async lost(unit?: Unit): Promise<TarsierError | null> {
    if (unit && !this.#isInFolder(unit)) return null
    const failure = await folderFailure(this.#base)
    if (failure === null) return null
    this.#folder = null // to be scanned again
    return failure === 'empty' ? new TarsierError('file-missing', `The folder ${this.#base} is empty. ${MOUNT}`) : failure
  }

  /** Removes what was fetched for a unit, unless others use it. */
  async release(unit: Unit): Promise<void> {
    const addresses = this.#borrowed.get(unit) ?? []
    this.#borrowed.delete(unit)
    for (const address of addresses) await this.#fetched.release(address)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetched[Symbol.asyncDispose]()
  }

  #isInFolder(unit: Unit): boolean {
    if (unit.kind !== 'sample') return this.#isBelow(unit.file)
    const set = dataSetOf(unit.sample.dataset)
    if (set && isGenerated(set)) return false
    return clipsOf(unit.sample)
      .flatMap(({ file }) => file)
      .some((file) => (isPlaceholder(file) ? this.#options.videos !== null : this.#isBelow(file)))
  }

  #isBelow(file: string): boolean {
    return !isAddress(file) && isInside(this.#base, resolve(this.#base, file))
  }

  async #fileOf(file: string, unit: Unit, signal: AbortSignal): Promise<string> {
    if (!isAddress(file)) return resolve(this.#base, file)
    const path = await this.#fetched.fileOf(file, signal)
    this.#borrowed.set(unit, [...(this.#borrowed.get(unit) ?? []), file])
    return path
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

/** Waits for all, also if one fails: a file that came later would not be released. Throws the first failure. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(work)
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason
    return end.value
  })
}

const MOUNT = 'Mount it, or start the worker with another --videos.'

/** Why a folder cannot be read, or that it is empty; null if it has content. */
async function folderFailure(folder: string): Promise<TarsierError | 'empty' | null> {
  try {
    // Not all names: the folder may have half a million.
    const entries = await opendir(folder)
    try {
      return (await entries.read()) === null ? 'empty' : null
    } finally {
      await entries.close()
    }
  } catch (error) {
    const failure = readFailure(folder, error, MOUNT)
    if (failure instanceof TarsierError) return failure
    throw failure
  }
}

/** Whether a clip is an address to be fetched. */
export function isAddress(file: string): boolean {
  return /^https?:\/\//i.test(file)
}

/**
 * A sample whose clips workers find where a run on this machine does: there, relative paths start at the current folder; at a worker, at its folder
 * of clips. Paths become relative to that folder if they are in it, and absolute otherwise.
 * @param videos folder of the clips on this machine; null for the current one
 */
export function sampleForWorkers(sample: Sample, videos: string | null): Sample {
  const base = resolve(videos ?? '.')
  const placed = (file: string): string => {
    if (isPlaceholder(file) || isAddress(file) || isAbsolute(file)) return file
    const path = resolve(file)
    // Slashes, for workers on other systems.
    return isInside(base, path) ? relative(base, path).replaceAll(sep, '/') : path
  }
  const content = sample.content.map((part) =>
    part.kind === 'clip'
      ? { ...part, clip: { ...part.clip, file: typeof part.clip.file === 'string' ? placed(part.clip.file) : part.clip.file.map(placed) } }
      : part,
  )
  return { ...sample, content }
}
