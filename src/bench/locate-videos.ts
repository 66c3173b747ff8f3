import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { FRAMES_ENDING, hasMediaExtension } from '../engine/media/media-names.ts'
import { readFailure } from '../platform/file-failure.ts'
import { realPath } from '../platform/real-path.ts'
import { TarsierError } from '../shared/errors.ts'
import { isPlaceholder } from './annotations.ts'
import { dataSetOf } from './datasets.ts'
import { clipsOf, type Sample } from './sample.ts'

/** Preference order of file formats if vid 7 matches both `7.mp4` and `7.webm`: upstream's own first, then by name. */
const PREFERRED = ['.mp4', '.avi', '.webm', '.mov', '.mkv', '.wmv', '.gif']

/** Location of a clip: its absolute path, or the absolute paths of the images that are its frames. */
export type ClipFile = string | readonly string[]

/** Locates the clips of a sample, each as {@link clipPath} does. */
export function clipFiles(sample: Sample, videos: VideoFolder | null): ClipFile[] {
  return clipsOf(sample).map(({ file }) =>
    typeof file === 'string' ? clipPath(file, sample, videos) : file.map((one) => clipPath(one, sample, videos)),
  )
}

/**
 * Returns the absolute path of a sample's clip: the annotated path, relative to the current folder, or the clip found in the video folder if the
 * annotation has a placeholder. Throws `file-missing` if it is not found; does not check whether an annotated file exists.
 */
export function clipPath(file: string, sample: Pick<Sample, 'vid' | 'dataset' | 'extraInfo'>, videos: VideoFolder | null): string {
  if (!isPlaceholder(file)) return resolve(file)
  if (videos === null)
    throw missing('The annotation contains a placeholder instead of a file. Give the folder of the videos with --videos.')
  return videos.find(sample)
}

/** A clip in the folder, by its relative path. */
interface Entry {
  readonly path: string
  /** Names of the folders and of the file, {@link folded}. */
  readonly names: readonly string[]
}

/**
 * The clips in a folder and its subfolders, found by the `vid` of annotations. The folder is scanned once, and only files found by the scan are
 * returned, so that no annotation can refer to a file outside of it (symbolic links in the folder are followed).
 */
export class VideoFolder {
  readonly directory: string
  readonly #byName: ReadonlyMap<string, readonly Entry[]>
  /** Subfolders that could not be read. */
  readonly #unread: readonly string[]

  private constructor(directory: string, byName: ReadonlyMap<string, readonly Entry[]>, unread: readonly string[]) {
    this.directory = directory
    this.#byName = byName
    this.#unread = unread
  }

  /** Scans a folder. Throws `file-missing` and `file-unreadable`. */
  static async open(directory: string, signal: AbortSignal): Promise<VideoFolder> {
    const byName = new Map<string, Entry[]>()
    const unread: string[] = []
    for await (const names of clipsIn(directory, [], { visited: new Set(), unread }, signal)) {
      const entry = { path: resolve(directory, ...names), names: names.map(folded) }
      const name = entry.names.at(-1) ?? ''
      for (const key of new Set([name, withoutExtension(name)])) {
        const there = byName.get(key)
        if (there) there.push(entry)
        else byName.set(key, [entry])
      }
    }
    return new VideoFolder(directory, byName, unread)
  }

  /**
   * Returns the absolute path of a sample's clip. A vid is a file name with its extension (FAVOR-Bench) or without (DREAM-1K), optionally preceded
   * by folders (TVBench). Matching is case-insensitive, and a file of another format with that name is accepted. If no file matches, tries the
   * names in `extra_info` ({@link clipNames}). The file may be anywhere below the folder. Of several matches, prefers one in a folder named after
   * the data set, then one at exactly the path in the vid. Throws `file-missing` if there is no match, or several that cannot be distinguished.
   */
  find(sample: Pick<Sample, 'vid' | 'dataset' | 'extraInfo'>): string {
    const names = clipNames(sample)
    if (names.length === 0) throw missing('The annotation contains no file and no vid. Add one of them.')
    for (const name of names) {
      const found = this.#matches(name, sample.dataset)
      if (found.length > 0) return this.#only(found, name)
    }
    const unread = this.#unread.length > 0 ? ` (${this.#unread.join(', ')} could not be read)` : ''
    const wanted = names.map((name) => `"${name}"`).join(' or ')
    throw missing(`The video ${wanted} was not found in ${this.directory}${unread}. Add it, or give the folder that contains it.`)
  }

  /** Returns the best matches of a name: those in a folder of the data set, and among these the ones at exactly the given path. */
  #matches(clipName: string, dataset: string): readonly Entry[] {
    const wanted = partsOf(clipName)
    if (wanted === null) throw missing(`The clip name "${clipName}" is not a file name or a relative path. Correct the annotation.`)
    const name = wanted.at(-1) ?? ''
    const named = this.#byName.get(name) ?? this.#byName.get(withoutExtension(name)) ?? []
    const matches = named.filter(({ names }) => endsWith(names, wanted))
    const own = matches.filter(({ names }) => names.slice(0, -1).some((folder) => foldersOf(dataset).includes(folder)))
    const inOwn = own.length > 0 ? own : matches
    const exact = inOwn.filter(({ names }) => names.length === wanted.length)
    return exact.length > 0 ? exact : inOwn
  }

  #only(matches: readonly Entry[], clipName: string): string {
    const [first, ...others] = [...matches].sort((a, b) => rank(a, clipName) - rank(b, clipName) || (a.path < b.path ? -1 : 1))
    if (!first) throw new Error('somebody is chosen among some')
    const folderOf = ({ names }: Entry) => names.slice(0, -1).join('/')
    const elsewhere = others.find((match) => folderOf(match) !== folderOf(first))
    if (!elsewhere) return first.path
    throw missing(
      `"${clipName}" is ambiguous: it matches ${first.path} and ${elsewhere.path}. Move the videos of each data set to a folder with the name of the data set.`,
    )
  }
}

/** State of one scan. */
interface Walk {
  readonly visited: Set<string>
  readonly unread: string[]
}

/** Yields relative paths, each as a list of names. Skips hidden entries; scans a folder that is reachable by two paths only once. */
async function* clipsIn(directory: string, parents: readonly string[], walk: Walk, signal: AbortSignal): AsyncGenerator<string[], void> {
  signal.throwIfAborted()
  const path = join(directory, ...parents)
  let entries: Dirent[]
  try {
    const real = await realPath(path)
    if (walk.visited.has(real)) return
    walk.visited.add(real)
    entries = await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (parents.length === 0) throw readFailure(path, error)
    // For example lost+found at the root of a disk. This only matters if a clip is missing.
    walk.unread.push(path)
    return
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue
    const names = [...parents, entry.name]
    const kind = entry.isSymbolicLink() ? await stat(join(path, entry.name)).catch(() => null) : entry
    if (kind?.isDirectory() && !entry.name.endsWith(FRAMES_ENDING)) yield* clipsIn(directory, names, walk, signal)
    else if (kind?.isDirectory() || (kind?.isFile() && hasMediaExtension(entry.name))) yield names
  }
}

/** Normalizes case and accents, which file systems handle differently. */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function withoutExtension(name: string): string {
  return hasMediaExtension(name) || name.endsWith(FRAMES_ENDING) ? name.slice(0, -extname(name).length) : name
}

/** Splits a vid into names; null if it would leave the folder or name nothing. */
function partsOf(vid: string): string[] | null {
  const parts = folded(vid).split('/')
  return parts.every((part) => part !== '' && part !== '.' && part !== '..') ? parts : null
}

/** Whether the path ends with the wanted one, whose last name may lack its extension. */
function endsWith(names: readonly string[], wanted: readonly string[]): boolean {
  const before = wanted.slice(0, -1)
  const folders = names.slice(names.length - wanted.length, -1)
  return names.length >= wanted.length && before.every((name, i) => name === folders[i])
}

/** Folder names that identify a data set: `tvbench`, `TVBench`, `DREAM-1k`. */
function foldersOf(dataset: string): string[] {
  const set = dataSetOf(dataset)
  const [name = ''] = dataset.split('/', 1)
  return (set ? [set.name, set.dataset, basename(set.file, '.jsonl')] : [name]).map(folded)
}

/** Sort rank, lowest first: exact name match including case, then by extension. */
function rank({ path }: Entry, vid: string): number {
  const at = PREFERRED.indexOf(extname(path).toLowerCase())
  const [name, last] = [basename(path), basename(vid)]
  const exact = name === last || name.startsWith(`${last}.`)
  return (exact ? 0 : 100) + (at < 0 ? PREFERRED.length : at)
}

function missing(sentence: string): TarsierError {
  return new TarsierError('file-missing', sentence)
}

/**
 * Fields of `extra_info` that may contain the name of a clip's file. Video-MME's own annotation has `videoID` (the name of its files) and `url`
 * beside the number that Tarsier's annotation uses as the vid; FAVOR-Bench's own has `video_name`.
 */
const FIELDS = ['videoID', 'youtube_id', 'video_name', 'url'] as const

/** Returns the possible names of a clip's file according to its annotation, without duplicates, starting with the vid. */
function clipNames({ vid, extraInfo }: Pick<Sample, 'vid' | 'extraInfo'>): string[] {
  const further = FIELDS.flatMap((field) => {
    const value = extraInfo[field]
    if (typeof value !== 'string' || value === '') return []
    return field === 'url' ? youTubeId(value) : [value]
  })
  return [...new Set([...(vid === null ? [] : [String(vid)]), ...further])]
}

/** Extracts the video ID from any form of YouTube URL. */
function youTubeId(address: string): string[] {
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url || !/(^|\.)(youtube\.com|youtu\.be)$/.test(url.hostname)) return []
  const id = url.searchParams.get('v') ?? url.pathname.split('/').at(-1) ?? ''
  return id === '' ? [] : [id]
}
