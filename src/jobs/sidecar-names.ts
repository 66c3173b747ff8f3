import { readdir } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { hasMediaExtension } from '../engine/media/media-names.ts'
import { TarsierError } from '../shared/errors.ts'
import { startsLikeMedia } from './find-clips.ts'

/**
 * Chooses the path of each clip's text file: next to the clip, with its base name (`a.mp4` → `a.txt`). The full name is used (`a.mov` →
 * `a.mov.txt`) if the short name would also be that of another clip in the folder (`a.mov`), equals the full name of one (`a.mp4` → `a.mp4.txt`
 * for `a.mp4.webm`), or is a clip itself. All clips in the folder count, whether they are described or not, so that the name does not depend on
 * which clips are described together. Further texts of one clip are numbered (`a-2.txt`).
 */
export class SidecarNames {
  readonly #extension: string
  readonly #given: ReadonlySet<string>
  readonly #folders = new Map<string, Promise<Folder>>()
  readonly #clips = new Map<string, Promise<boolean>>()

  /**
   * @param extension without the dot
   * @param given paths of the clips to describe; they count as clips regardless of their extension
   */
  constructor(extension: string, given: readonly string[]) {
    this.#extension = extension
    this.#given = new Set(given.map((path) => resolve(path)))
  }

  /**
   * Returns the path of a clip's text file, in the clip's folder as given. Throws `write-failed` if both names are clips themselves, or those of other
   * clips' texts.
   * @param number which text of the clip, from 1. Defaults to 1.
   */
  async of(clip: string, number = 1): Promise<string> {
    const folder = dirname(clip)
    const name = basename(clip)
    const numbered = number === 1 ? '' : `-${number}`
    const short = this.#short(name, numbered)
    // A numbered name is that of only one clip if the one without a number is.
    const isShared = numbered !== '' && (await this.#isTaken(this.#short(name), name, folder))
    if (!isShared && !(await this.#isTaken(short, name, folder))) return join(folder, short)
    const whole = this.#whole(name, numbered)
    // Refused even with `overwrite`: it would overwrite a clip.
    if (await this.#isClip(whole, folder))
      throw new TarsierError(
        'write-failed',
        `The text of ${name} cannot be written because ${join(folder, whole)} is a clip. Rename one of the files.`,
      )
    if (numbered !== '' && (await this.#isTaken(whole, name, folder)))
      throw new TarsierError(
        'write-failed',
        `Text ${number} of ${name} cannot be written because ${join(folder, whole)} is the text of another clip. Rename one of the clips.`,
      )
    return join(folder, whole)
  }

  /** Whether a short name is a clip, or may be used for another clip's text. */
  async #isTaken(short: string, name: string, folder: string): Promise<boolean> {
    const { claims } = await this.#folder(folder)
    for (const other of claims.get(folded(short)) ?? []) {
      const isOwn = other === name && folded(other) !== folded(short)
      if (!isOwn && (await this.#isClip(other, folder))) return true
    }
    return false
  }

  #short(name: string, numbered = ''): string {
    return `${basename(name, extname(name))}${numbered}.${this.#extension}`
  }

  #whole(name: string, numbered = ''): string {
    return `${name}${numbered}.${this.#extension}`
  }

  #folder(folder: string): Promise<Folder> {
    const key = resolve(folder)
    const there = this.#folders.get(key) ?? this.#read(key)
    this.#folders.set(key, there)
    return there
  }

  async #read(folder: string): Promise<Folder> {
    // If the folder cannot be listed, other clips are unknown, but the text can still be written.
    const names = await readdir(folder).catch(() => [])
    const claims = new Map<string, string[]>()
    for (const name of names) {
      for (const claimed of new Set([name, this.#short(name), this.#whole(name)].map(folded))) {
        const there = claims.get(claimed)
        if (there) there.push(name)
        else claims.set(claimed, [name])
      }
    }
    return { names: new Set(names), claims }
  }

  #isClip(name: string, folder: string): Promise<boolean> {
    const path = resolve(folder, name)
    const known = this.#clips.get(path) ?? this.#looksLikeClip(name, path)
    this.#clips.set(path, known)
    return known
  }

  async #looksLikeClip(name: string, path: string): Promise<boolean> {
    if (this.#given.has(path)) return true
    return (
      !name.startsWith('.') && (hasMediaExtension(name) ? (await this.#folder(dirname(path))).names.has(name) : await startsLikeMedia(path))
    )
  }
}

/** The files of a folder. */
interface Folder {
  readonly names: ReadonlySet<string>
  /** The files that have or may get a name, by that name {@link folded}: a file's own, and those of its text. */
  readonly claims: ReadonlyMap<string, readonly string[]>
}

/** Ignores case, because some file systems treat A.txt and a.txt as the same file. */
function folded(name: string): string {
  return name.toLowerCase()
}
