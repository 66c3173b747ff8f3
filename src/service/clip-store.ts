import { stat } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import type { MediaClient } from '../engine/host/media-client.ts'
import { hashFile } from '../engine/media/local-file.ts'
import { Serial } from '../engine/serial.ts'
import { type KeptClip, nameOf, type SeenFile } from '../library/clips.ts'
import type { Library } from '../library/library.ts'
import { readFailure } from '../platform/file-failure.ts'
import { remove } from '../platform/move.ts'
import type { ClipMetadata } from '../shared/contract/clips.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import { browserPlays } from './browser-formats.ts'
import type { Log } from './log.ts'
import type { Previews } from './previews.ts'

export interface OpenOptions {
  /** Of our own copy of an upload: the name that the browser gave, after its folders, and the sha256 of the bytes. Absent for the user's own file. */
  readonly upload?: { readonly given: string; readonly hash: string }
}

/**
 * Turns files into clips with handles, and back. A clip is the file that its user gave: copies of it are clips of their own, and it keeps its handle
 * when its file is moved.
 */
export class ClipStore implements AsyncDisposable {
  readonly #library: Library
  readonly #media: MediaClient
  readonly #previews: Previews
  readonly #log: Log
  readonly #opening = new Serial()
  readonly #hashing = new Serial()
  readonly #closing = new AbortController()

  constructor(parts: { library: Library; media: MediaClient; previews: Previews; log: Log }) {
    this.#library = parts.library
    this.#media = parts.media
    this.#previews = parts.previews
    this.#log = parts.log
  }

  /** The clip that a file is. Of an upload whose content is here already, that file is used. Throws as `openClip` does. */
  async open(path: string, { upload }: OpenOptions, signal: AbortSignal): Promise<KeptClip> {
    const absolute = resolve(path)
    const { size, mtimeMs } = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
      throw readFailure(absolute, error)
    })
    const clips = this.#library.clips
    const known = clips.byPath(absolute)
    if (known && known.bytes === size && known.modified === mtimeMs) return known
    // Probed side by side; only who was moved where is found out one after the other.
    const facts = await this.#media.probe(absolute, signal)
    const leave = await this.#opening.enter(signal)
    try {
      const file = { path: absolute, bytes: size, modified: mtimeMs, facts }
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

  /** A clip by its handle, looked at anew when its file is another one by now. Throws `nothing-found`. */
  async get(handle: string, signal: AbortSignal): Promise<KeptClip> {
    const clip = this.#library.clips.get(handle)
    const now = await stat(clip.path).catch(() => null) // gone: told by `facts`
    if (!now || (now.size === clip.bytes && now.mtimeMs === clip.modified)) return clip
    const facts = await this.#media.probe(clip.path, signal)
    const updated = this.#library.clips.update(handle, { ...clip, bytes: now.size, modified: now.mtimeMs, facts, hash: null })
    this.#hashLater(updated)
    return updated
  }

  /** As {@link get}, but throws `file-missing` when the file is not where it was. */
  async present(handle: string, signal: AbortSignal): Promise<KeptClip> {
    const clip = await this.get(handle, signal)
    if (await isThere(clip)) return clip
    throw new TarsierError('file-missing', `${clip.name} is not where it was (${clip.path}). Put it back, or show where it is now.`, {
      details: { clip: handle },
    })
  }

  async facts(clip: KeptClip): Promise<ClipMetadata> {
    const { kind, width, height, rotation, frameCount, rate, constantRate, duration, container, codec, notices } = clip.facts
    return {
      handle: clip.id,
      name: clip.name,
      kind,
      width,
      height,
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

  async thumbnail(handle: string, signal: AbortSignal): Promise<Uint8Array | null> {
    const kept = this.#library.clips.thumbnail(handle)
    if (kept) return kept
    const clip = await this.get(handle, signal)
    try {
      const made = await this.#media.thumbnail(clip.path, signal)
      this.#library.clips.setThumbnail(handle, made)
      return made
    } catch (error) {
      if (isAbort(error)) throw error
      return null // a list goes on without this picture
    }
  }

  /** Makes the file of one clip that of another, whose own is not where it was. */
  async locate(handle: string, fileHandle: string, force: boolean, signal: AbortSignal): Promise<KeptClip> {
    const clip = this.#library.clips.get(handle)
    if (handle === fileHandle) return clip
    const found = await this.present(fileHandle, signal)
    const hash = found.hash ?? (await hashFile(found.path, signal))
    if (!force && (clip.bytes !== found.bytes || (clip.hash !== null && clip.hash !== hash))) {
      throw new TarsierError(
        'usage',
        `${found.name} is another file than ${clip.name} was. Choose the same one, or say that it shall be taken all the same.`,
      )
    }
    return this.#library.transaction(() => {
      this.#library.clips.merge(found, clip)
      return this.#library.clips.update(handle, { ...found, hash })
    })
  }

  /** Forgets clips that no conversation and no batch is about, opened before a time, and our copies that no other clip has. */
  async forgetUnused(before: number): Promise<void> {
    const { clips } = this.#library
    for (const { uploaded, path } of clips.removeUnused(before)) if (uploaded && !clips.byPath(path)) await remove(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    const leave = await this.#hashing.enter()
    leave()
  }

  /** The clip of an upload: that of an earlier one of the same name and content, or a new one, at the copy that is here already where there is one. */
  async #openUpload(file: SeenFile): Promise<KeptClip> {
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

  /** The clip whose file is not where it was, and has the content of this one; null where there is none. */
  async #movedHere(path: string, bytes: number, signal: AbortSignal): Promise<KeptClip | null> {
    let hash: string | null = null
    // Only a file of the same size can be the same.
    for (const clip of this.#library.clips.bySize(bytes)) {
      if (clip.uploaded || clip.hash === null || (await isThere(clip))) continue
      hash ??= await hashFile(path, signal)
      if (hash === clip.hash) return clip
    }
    return null
  }

  #hashLater(clip: KeptClip): void {
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
    // A clip that is gone meanwhile cannot be found again by its content, and nothing more.
    work().catch((error: unknown) => {
      if (!isAbort(error)) this.#log.info('clips', `a clip could not be hashed (${extname(clip.path)})`)
    })
  }
}

async function isThere({ path, bytes }: KeptClip): Promise<boolean> {
  const facts = await stat(path).catch(() => null) // gone, or not ours to see
  return facts?.isFile() === true && facts.size === bytes
}
