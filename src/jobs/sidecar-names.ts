import { readdir } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { hasMediaExtension } from '../engine/media/media-names.ts'
import { TarsierError } from '../shared/errors.ts'
import { startsLikeMedia } from './find-clips.ts'

/**
 * Where each clip's text goes: beside it, under its base name (`a.mp4` → `a.txt`). A clip whose short name another clip of the folder would take too
 * (`a.mov`), or which is the whole name of one (`a.mp4` → `a.mp4.txt` for `a.mp4.webm`), or a clip itself, keeps its whole name (`a.mov.txt`). All
 * clips in the folder count, whether they are described or not: so a clip's text has one name, whichever clips are described together.
 */
export class SidecarNames {
  readonly #extension: string
  readonly #given: ReadonlySet<string>
  readonly #folders = new Map<string, Promise<readonly string[]>>()
  readonly #clips = new Map<string, Promise<boolean>>()

  /**
   * @param extension without its dot
   * @param given paths of the clips to describe: they are clips, whatever they are called
   */
  constructor(extension: string, given: readonly string[]) {
    this.#extension = extension
    this.#given = new Set(given.map((path) => resolve(path)))
  }

  /** The path of a clip's text, in the clip's folder as it was given. Throws `write-failed` where no name is left that is not a clip itself. */
  async of(clip: string): Promise<string> {
    const folder = dirname(clip)
    const name = basename(clip)
    const short = this.#short(name)
    if (!(await this.#isTaken(short, name, folder))) return join(folder, short)
    const whole = this.#whole(name)
    // Not even with the user's consent to overwrite: it would be the end of a clip.
    if (await this.#isClip(whole, folder))
      throw new TarsierError(
        'write-failed',
        `${join(folder, whole)} is a clip itself, so the text of ${name} cannot go there. Rename one of them.`,
      )
    return join(folder, whole)
  }

  /** Whether a short name is a clip, or another clip's text may have it. */
  async #isTaken(short: string, name: string, folder: string): Promise<boolean> {
    for (const other of await this.#namesIn(folder)) {
      const claims = same(other, short) || (other !== name && (same(this.#short(other), short) || same(this.#whole(other), short)))
      if (claims && (await this.#isClip(other, folder))) return true
    }
    return false
  }

  #short(name: string): string {
    return `${basename(name, extname(name))}.${this.#extension}`
  }

  #whole(name: string): string {
    return `${name}.${this.#extension}`
  }

  #namesIn(folder: string): Promise<readonly string[]> {
    const key = resolve(folder)
    // A folder that cannot be listed says nothing of its other clips; the text can be written all the same.
    const names = this.#folders.get(key) ?? readdir(key).catch(() => [])
    this.#folders.set(key, names)
    return names
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
      !name.startsWith('.') && (hasMediaExtension(name) ? (await this.#namesIn(dirname(path))).includes(name) : await startsLikeMedia(path))
    )
  }
}

/** Some file systems take A.txt and a.txt to be the same file. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
