import { stat } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import type { MediaClient } from '../engine/host/media-client.ts'
import { Serial } from '../engine/serial.ts'
import { nameOf, type SeenFile, type StoredClip, type UnusedClips } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import { readFailure } from '../platform/file-failure.ts'
import { hashFile } from '../platform/hash-file.ts'
import { remove } from '../platform/move.ts'
import type { ClipMetadata } from '../shared/contract/clips.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import { browserPlays } from './browser-formats.ts'
import type { Log } from './log.ts'
import type { Previews } from './previews.ts'
import type { Thumbnails } from './thumbnails.ts'

export interface OpenOptions {
  /** For an upload: the name that the browser sent, with its folders, and the SHA-256 of the content. Absent for the user's own file. */
  readonly upload?: { readonly given: string; readonly hash: string }
}

/** Maps files to clips with handles. A clip is a file that the user opened: copies of it are separate clips, and a moved file keeps its handle. */
export class ClipStore implements AsyncDisposable {
  readonly #library: Library
  readonly #media: MediaClient
  readonly #previews: Previews
  readonly #thumbnails: Thumbnails
  readonly #log: Log
  readonly #opening = new Serial()
  readonly #hashing = new Serial()
  readonly #closing = new AbortController()
  /** Number of runs that need each clip. */
  readonly #held = new Map<string, number>()

  constructor(parts: { library: Library; media: MediaClient; previews: Previews; thumbnails: Thumbnails; log: Log }) {
    this.#library = parts.library
    this.#media = parts.media
    this.#previews = parts.previews
    this.#thumbnails = parts.thumbnails
    this.#log = parts.log
  }

  /** Returns the clip of a file, and adds it if it is new. An upload reuses an existing copy of the same content. Throws as `openClip` does. */
  async open(path: string, { upload }: OpenOptions, signal: AbortSignal): Promise<StoredClip> {
    const absolute = resolve(path)
    const { size, mtimeMs } = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
      throw readFailure(absolute, error)
    })
    const clips = this.#library.clips
    const known = clips.byPath(absolute)
    if (known && known.bytes === size && known.modified === mtimeMs) return known
    // Probe in parallel; only the search for moved files is serialised.
    const metadata = await this.#media.probe(absolute, signal)
    const leave = await this.#opening.enter(signal)
    try {
      const file = { path: absolute, bytes: size, modified: mtimeMs, facts: metadata }
      if (upload) return await this.#openUpload({ ...file, ...upload, name: nameOf(upload.given), uploaded: true })
      const moved = known ? null : await this.#movedHere(absolute, size, signal)
      const seen: SeenFile = { ...file, given: absolute, name: nameOf(absolute), uploaded: false, hash: moved?.hash ?? null }
      const before = known ?? moved
      const clip = before ? clips.update(before.id, seen) : clips.add(seen)
      if (clip.hash === null) this.#hashLater(clip)
      return clip
    } finally {
      leave()
    }
  }

  /** Returns a clip by its handle, and probes the file again if it has changed. Throws `nothing-found`. */
  async get(handle: string, signal: AbortSignal): Promise<StoredClip> {
    const clip = this.#library.clips.get(handle)
    const now = await stat(clip.path).catch(() => null) // a missing file is reported by `facts`
    if (!now || (now.size === clip.bytes && now.mtimeMs === clip.modified)) return clip
    const metadata = await this.#media.probe(clip.path, signal)
    const updated = this.#library.clips.update(handle, { ...clip, bytes: now.size, modified: now.mtimeMs, facts: metadata, hash: null })
    this.#hashLater(updated)
    return updated
  }

  /** As {@link get}, but throws `file-missing` if the file no longer exists at its path. */
  async present(handle: string, signal: AbortSignal): Promise<StoredClip> {
    const clip = await this.get(handle, signal)
    if (await isThere(clip)) return clip
    throw new TarsierError('file-missing', `${clip.name} is no longer at ${clip.path}. Move it back, or locate the file.`, {
      details: { clip: handle },
    })
  }

  async metadata(clip: StoredClip): Promise<ClipMetadata> {
    const { kind, width, height, pixelAspect, rotation, frameCount, rate, constantRate, duration, container, codec, notices } = clip.facts
    return {
      handle: clip.id,
      name: clip.name,
      kind,
      width,
      height,
      pixelAspect,
      rotation,
      frameCount,
      rate,
      constantRate,
      duration,
      container,
      codec,
      bytes: clip.bytes,
      notices,
      preview: browserPlays(clip.facts) ? 'not-needed' : (await this.#previews.isReady(clip)) ? 'ready' : 'needed',
      present: await isThere(clip),
    }
  }

  /** A picture of a clip: of the frame at a time in seconds, or of its middle, which the library stores; null if the file cannot be read. */
  async thumbnail(handle: string, time: number | null, signal: AbortSignal): Promise<Uint8Array | null> {
    if (time !== null) return this.#thumbnails.of((await this.get(handle, signal)).path, time, signal)
    const kept = this.#library.clips.thumbnail(handle)
    if (kept) return kept
    const clip = await this.get(handle, signal)
    const made = await this.#thumbnails.of(clip.path, null, signal)
    if (made) this.#library.clips.setThumbnail(handle, made)
    return made
  }

  /** Assigns the file of another clip to a clip whose own file is missing. */
  async locate(handle: string, fileHandle: string, force: boolean, signal: AbortSignal): Promise<StoredClip> {
    const clip = this.#library.clips.get(handle)
    if (handle === fileHandle) return clip
    const found = await this.present(fileHandle, signal)
    const hash = found.hash ?? (await hashFile(found.path, signal))
    if (!force && (clip.bytes !== found.bytes || (clip.hash !== null && clip.hash !== hash))) {
      throw new TarsierError(
        'usage',
        `${found.name} is not the same file as ${clip.name}. Choose the same file, or confirm that this file is used instead.`,
      )
    }
    return this.#library.transaction(() => {
      this.#library.clips.merge(found, clip)
      return this.#library.clips.update(handle, { ...found, hash })
    })
  }

  /** Keeps a clip in the library, even if nothing refers to it, until the returned function is called. */
  hold(handle: string): () => void {
    this.#held.set(handle, (this.#held.get(handle) ?? 0) + 1)
    return () => {
      const left = (this.#held.get(handle) ?? 1) - 1
      if (left > 0) this.#held.set(handle, left)
      else this.#held.delete(handle)
    }
  }

  /** Removes those of the given clips that nothing refers to and that are not held, and uploaded copies that no other clip uses. */
  async forgetUnused(which: UnusedClips): Promise<void> {
    const { clips } = this.#library
    for (const { uploaded, path } of clips.removeUnused(which, [...this.#held.keys()]))
      if (uploaded && !clips.byPath(path)) await remove(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const leave = await this.#hashing.enter()
    leave()
  }

  /** Returns the clip of an upload: the existing one with the same name and content, or a new one that reuses an existing copy. */
  async #openUpload(file: SeenFile): Promise<StoredClip> {
    const clips = this.#library.clips
    const copies = clips.bySize(file.bytes).filter(({ uploaded, hash }) => uploaded && hash === file.hash)
    const same = copies.find(({ given }) => given === file.given)
    if (same && (await isThere(same))) return same
    for (const copy of copies) {
      if (!(await isThere(copy))) continue
      const { path, modified } = copy
      return same ? clips.update(same.id, { ...file, path, modified }) : clips.add({ ...file, path, modified })
    }
    return same ? clips.update(same.id, file) : clips.add(file)
  }

  /** Returns the clip that has this content and whose own file is missing; null if there is none. */
  async #movedHere(path: string, bytes: number, signal: AbortSignal): Promise<StoredClip | null> {
    let hash: string | null = null
    for (const clip of this.#library.clips.bySize(bytes)) {
      if (clip.uploaded || clip.hash === null || (await isThere(clip))) continue
      hash ??= await hashFile(path, signal)
      if (hash === clip.hash) return clip
    }
    return null
  }

  #hashLater(clip: StoredClip): void {
    const { signal } = this.#closing
    const work = async () => {
      const leave = await this.#hashing.enter(signal)
      try {
        const hash = await hashFile(clip.path, signal)
        const now = this.#library.clips.get(clip.id)
        if (now.path === clip.path && now.bytes === clip.bytes && now.modified === clip.modified) this.#library.clips.setHash(clip.id, hash)
      } finally {
        leave()
      }
    }
    // Without a hash, a clip cannot be found after a move; nothing else depends on it.
    work().catch((error: unknown) => {
      if (!isAbort(error)) this.#log.info('clips', `a clip could not be hashed (${extname(clip.path)})`)
    })
  }
}

async function isThere({ path, bytes }: StoredClip): Promise<boolean> {
  const metadata = await stat(path).catch(() => null) // missing or not accessible
  return metadata?.isFile() === true && metadata.size === bytes
}
