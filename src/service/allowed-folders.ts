import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasMediaExtension } from '../engine/media/media-names.ts'
import { readFailure } from '../platform/file-failure.ts'
import { isInside } from '../platform/is-inside.ts'
import { realPath } from '../platform/real-path.ts'
import { TarsierError } from '../shared/errors.ts'

/** Scheme of the addresses of clips. */
const SCHEME = 'clip:'
/** Largest number of listed clips, and of files and folders that are looked at for them. */
const MAX_LISTED = 1000
const MAX_EXAMINED = 20_000

export interface ListedClips {
  /** Real paths. */
  readonly paths: readonly string[]
  /** False if there may be more. */
  readonly complete: boolean
}

interface Folder {
  /** As it was given, absolute. */
  readonly given: string
  /** With symbolic links resolved. */
  readonly real: string
}

export interface AllowedFoldersOptions {
  /** Whether names and errors contain whole paths; otherwise they are relative to the folder, of which there is one at most. */
  readonly showsPaths: boolean
  /** Ends the message about a file elsewhere: how its folder is allowed. */
  readonly advice: string
}

/** The folders below which another program may open files. */
export class AllowedFolders {
  readonly #folders: readonly Folder[]
  readonly showsPaths: boolean
  readonly #advice: string

  private constructor(folders: readonly Folder[], { showsPaths, advice }: AllowedFoldersOptions) {
    this.#folders = folders
    this.showsPaths = showsPaths
    this.#advice = advice
  }

  /** Throws `file-missing` and `usage` for what is no folder. */
  static async open(folders: readonly string[], options: AllowedFoldersOptions): Promise<AllowedFolders> {
    const opened = await Promise.all(
      folders.map(async (folder): Promise<Folder> => {
        const given = resolve(folder)
        try {
          if (!(await stat(given)).isDirectory()) throw new TarsierError('usage', `${folder} is not a folder. Give the folder of the file.`)
          return { given, real: await realPath(given) }
        } catch (error) {
          throw readFailure(folder, error)
        }
      }),
    )
    return new AllowedFolders(opened, options)
  }

  /** The allowed folders, with symbolic links resolved. */
  get real(): readonly string[] {
    return this.#folders.map(({ real }) => real)
  }

  /** The names of the allowed folders, as they were given and with symbolic links resolved; none is inside another. */
  get names(): readonly string[] {
    const names = [...new Set(this.#folders.flatMap(({ given, real }) => [given, real]))]
    return names.filter((name) => !names.some((other) => isInside(other, name)))
  }

  /**
   * Returns the real path of an allowed file. `path` is absolute, relative to an allowed folder, a `file:` URL or the address of a clip. Throws
   * `not-allowed` for a file elsewhere, whether it exists or not, also behind a symbolic link; `file-missing`; `usage` for an invalid address.
   */
  async fileOf(path: string): Promise<string> {
    const requested = this.#pathOf(path)
    const candidates = isAbsolute(requested) ? [resolve(requested)] : this.#folders.map(({ real }) => resolve(real, requested))
    // Paths are compared before they are accessed, so that the error does not tell which files exist elsewhere.
    const inside = candidates.filter((candidate) => this.names.some((folder) => isInside(folder, candidate)))
    if (inside.length === 0) throw this.#outside(path)
    for (const candidate of inside) {
      const real = await realPath(candidate).catch(() => null)
      if (real === null) continue
      if (!this.#contains(real)) throw this.#outside(path)
      return real
    }
    throw new TarsierError('file-missing', `${path} does not exist. Check the path.`)
  }

  /** Returns the real path of a file if it exists and is allowed, else null. */
  async find(path: string): Promise<string | null> {
    const real = await realPath(path).catch(() => null)
    return real !== null && this.#contains(real) ? real : null
  }

  /** Name by which {@link fileOf} finds a file. */
  nameOf(real: string): string {
    const folder = this.showsPaths ? undefined : this.real.find((allowed) => isInside(allowed, real))
    return (folder === undefined ? real : relative(folder, real)).split(sep).join('/')
  }

  /** Address of a file, which {@link fileOf} accepts, too. */
  addressOf(real: string): string {
    return `${SCHEME}///${this.nameOf(real).replace(/^\//, '').split('/').map(encodeURIComponent).join('/')}`
  }

  /** Lists the videos and pictures by their extension. Symbolic links and hidden entries are left out. */
  async list(signal: AbortSignal): Promise<ListedClips> {
    const paths: string[] = []
    const waiting = [...new Set(this.real)].filter((folder) => this.names.includes(folder))
    let examined = 0
    for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
      signal.throwIfAborted()
      // A folder that cannot be read has no clips for anyone.
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
      for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        examined += 1
        if (paths.length >= MAX_LISTED || examined > MAX_EXAMINED) return { paths, complete: false }
        const path = join(folder, entry.name)
        if (entry.name.startsWith('.')) continue
        if (entry.isDirectory()) waiting.push(path)
        else if (entry.isFile() && hasMediaExtension(entry.name)) paths.push(path)
      }
    }
    return { paths, complete: true }
  }

  #contains(real: string): boolean {
    return this.real.some((folder) => isInside(folder, real))
  }

  #pathOf(path: string): string {
    if (!/^(file|clip):/i.test(path)) return path
    try {
      const url = new URL(path)
      if (url.protocol !== SCHEME) return fileURLToPath(url)
      const name = decodeURIComponent(url.pathname.slice(1))
      return this.showsPaths && sep === '/' ? `/${name}` : name
    } catch (cause) {
      throw new TarsierError('usage', `${path} is not the address of a file on this machine.`, { cause })
    }
  }

  #outside(path: string): TarsierError {
    const [what, where] = this.showsPaths ? [path, ` (allowed: ${this.real.join(', ')})`] : ['This path', '']
    return new TarsierError('not-allowed', `${what} is not in a folder that was allowed at the start${where}. ${this.#advice}`)
  }
}
