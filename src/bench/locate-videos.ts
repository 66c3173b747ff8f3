import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { FRAMES_ENDING, hasMediaExtension, hasPictureExtension } from '../engine/media/media-names.ts'
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

/** Locates the clips of a sample, each as {@link clipFile} does. */
export function clipFiles(sample: Sample, videos: VideoFolder | null): ClipFile[] {
  return clipsOf(sample).map(({ file }) =>
    typeof file === 'string' ? clipFile(file, sample, videos) : file.flatMap((one) => clipFile(one, sample, videos)),
  )
}

/**
 * Returns the location of a sample's clip: the annotated path, relative to the current folder, or the clip found in the video folder if the
 * annotation has a placeholder. Throws `file-missing` if it is not found; does not check whether an annotated file exists.
 */
export function clipFile(file: string, sample: Pick<Sample, 'vid' | 'dataset' | 'extraInfo'>, videos: VideoFolder | null): ClipFile {
  if (!isPlaceholder(file)) return resolve(file)
  if (videos === null)
    throw missing('The annotation contains a placeholder instead of a file. Give the folder of the videos with --videos.')
  return videos.find(sample)
}

/** A clip in the folder: a file, or a subfolder of pictures that are its frames. */
interface Entry {
  readonly path: string
  /** Names of the folders on the way to it and its own, {@link folded}. */
  readonly names: readonly string[]
  readonly pictures?: readonly string[]
}

/**
 * The clips in a folder and its subfolders, found by the `vid` of annotations. The folder is scanned once, and only files found by the scan are
 * returned, so that no annotation can refer to a file outside of it (symbolic links in the folder are followed).
 */
export class VideoFolder {
  readonly directory: string
  readonly #files: ReadonlyMap<string, readonly Entry[]>
  readonly #pictureFolders: ReadonlyMap<string, readonly Entry[]>
  /** Subfolders that could not be read. */
  readonly #unread: readonly string[]

  private constructor(directory: string, entries: readonly Entry[], unread: readonly string[]) {
    this.directory = directory
    this.#files = grouped(entries, ({ names }) => [names.at(-1) ?? '', withoutExtension(names.at(-1) ?? '')])
    this.#pictureFolders = grouped(pictureFolders(directory, entries), ({ names }) => [names.at(-1) ?? ''])
    this.#unread = unread
  }

  /** Scans a folder. Throws `file-missing` and `file-unreadable`. */
  static async open(directory: string, signal: AbortSignal): Promise<VideoFolder> {
    const entries: Entry[] = []
    const unread: string[] = []
    for await (const names of clipsIn(directory, [], { visited: new Set(), unread }, signal)) {
      entries.push({ path: resolve(directory, ...names), names: names.map(folded) })
    }
    return new VideoFolder(directory, entries, unread)
  }

  /**
   * Returns the location of a sample's clip. A vid is a file name with its extension (FAVOR-Bench) or without (DREAM-1K), optionally preceded
   * by folders (TVBench), or the name of a folder of pictures, which are the frames (MVBench's Episodic Reasoning). Matching is case-insensitive, and a file of
   * another format with that name is accepted. If nothing matches, tries the names in `extra_info` ({@link clipNames}). The file may be anywhere below the folder. Of several matches, prefers one in a folder named after
   * the data set, then one at exactly the path in the vid. Throws `file-missing` if there is no match, or several that cannot be distinguished.
   */
  find(sample: Pick<Sample, 'vid' | 'dataset' | 'extraInfo'>): ClipFile {
    const names = clipNames(sample)
    if (names.length === 0) throw missing('The annotation contains no file and no vid. Add one of them.')
    for (const name of names) {
      const found = this.#matches(name, sample.dataset)
      if (found.length === 0) continue
      const { path, pictures } = only(found, name)
      return pictures ?? path
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
    const named = [this.#files.get(name), this.#files.get(withoutExtension(name)), this.#pictureFolders.get(name)]
    const matches =
      named.map((entries = []) => entries.filter(({ names }) => endsWith(names, wanted))).find(({ length }) => length > 0) ?? []
    const own = matches.filter(({ names }) => names.slice(0, -1).some((folder) => foldersOf(dataset).includes(folder)))
    const inOwn = own.length > 0 ? own : matches
    const exact = inOwn.filter(({ names }) => names.length === wanted.length)
    return exact.length > 0 ? exact : inOwn
  }
}

/** Returns the preferred one of several matches, or throws `file-missing` if they are in different folders. */
function only(matches: readonly Entry[], clipName: string): Entry {
  const [first, ...others] = [...matches].sort((a, b) => rank(a, clipName) - rank(b, clipName) || (a.path < b.path ? -1 : 1))
  if (!first) throw new Error('somebody is chosen among some')
  const folderOf = ({ names }: Entry) => names.slice(0, -1).join('/')
  const elsewhere = others.find((match) => folderOf(match) !== folderOf(first))
  if (!elsewhere) return first
  throw missing(
    `"${clipName}" is ambiguous: it matches ${first.path} and ${elsewhere.path}. Move the videos of each data set to a folder with the name of the data set.`,
  )
}

/** Maps each key to the entries that have it, in their order. */
function grouped(entries: readonly Entry[], keysOf: (entry: Entry) => readonly string[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    for (const key of new Set(keysOf(entry))) {
      const there = groups.get(key)
      if (there) there.push(entry)
      else groups.set(key, [entry])
    }
  }
  return groups
}

/** Returns the subfolders that contain several pictures and no other clips, with their pictures in the order of the numbers in their names. */
function pictureFolders(directory: string, entries: readonly Entry[]): Entry[] {
  const contents = grouped(entries, ({ path }) => [dirname(path)])
  return [...contents].flatMap(([path, files]) => {
    if (path === resolve(directory) || files.length < 2 || !files.every((file) => hasPictureExtension(file.path))) return []
    const pictures = files.map((file) => file.path).sort(byNumbers.compare)
    return [{ path, names: (files[0]?.names ?? []).slice(0, -1), pictures }]
  })
}

const byNumbers = new Intl.Collator('en', { numeric: true })

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
