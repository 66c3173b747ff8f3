import { mkdir, readdir } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { MediaClient } from '../engine/host/media-client.ts'
import { type FoundProgram, findFfmpeg } from '../engine/media/pieces/ffmpeg-program.ts'
import type { CutMode, TimeRange } from '../engine/media/pieces/piece-plan.ts'
import type { StoredClip } from '../library/clips.ts'
import { newId } from '../library/ids.ts'
import { move, remove } from '../platform/move.ts'
import type { SaveMomentEvent } from '../shared/contract/events.ts'
import { TarsierError } from '../shared/errors.ts'
import { Watched } from './watchers.ts'

/** How long a moment can be downloaded. */
const KEPT_MS = 60 * 60 * 1000
/** End of the names of folders that are being removed. */
const OLD = '.old'
/** Moments on disk; the oldest are removed first. */
const MAX_MOMENTS = 50
const mediaTypes = { mp4: 'video/mp4', matroska: 'video/x-matroska', webm: 'video/webm' } as const

/** A moment that was cut out of a clip, until it is removed. */
export interface Moment {
  readonly clip: string
  readonly path: string
  /** Name of the downloaded file. */
  readonly name: string
  readonly mediaType: string
}

/** Pieces of clips that pages download, in `cache/moments` of the home folder. They are removed after an hour, and at the end of the service. */
export class Moments implements AsyncDisposable {
  readonly #folder: string
  readonly #media: MediaClient
  readonly #kept = new Map<string, Moment & { readonly removal: NodeJS.Timeout }>()
  #program: Promise<FoundProgram> | null = null

  constructor(home: string, media: MediaClient) {
    this.#folder = join(home, 'cache', 'moments')
    this.#media = media
  }

  /** Cuts a moment and yields progress, at the end its id. Throws as `planPieces` and `writePieceFile` do. Leaving the loop stops the work. */
  async *make(clip: StoredClip, range: TimeRange, mode: CutMode, signal: AbortSignal): AsyncGenerator<SaveMomentEvent, void> {
    if (range.end <= range.start) throw new TarsierError('invalid-range', 'The moment ends before it starts. Choose a later end.')
    yield { kind: 'making', value: 0 }
    // Loaded when needed: FFmpeg and sharp take a while, and no other part of this process uses them.
    const { writePieceFile } = await import('../jobs/cut/write-piece.ts')
    const { pieceName } = await import('../jobs/cut/piece-folder.ts')
    const { pieceExtensions } = await import('../engine/media/pieces/piece-file.ts')
    this.#program ??= findFfmpeg()
    const { program } = await this.#program
    const [plan] = await this.#media.planPieces(clip.path, [range], mode, signal)
    if (!plan) throw new TarsierError('internal', 'The moment was not planned. Please report it.')
    await mkdir(this.#folder, { recursive: true })
    const id = newId()
    const path = join(this.#folder, id)
    const stopping = new AbortController()
    const stop = AbortSignal.any([signal, stopping.signal])
    let value = 0
    const changed = new Watched(() => value)
    const writing = writePieceFile(clip.path, plan, path, { media: this.#media, program }, stop, (now) => {
      value = now
      changed.changed()
    })
    const ended = writing.then(
      () => 'ended' as const,
      () => 'ended' as const,
    )
    const values = changed.watch(signal)
    try {
      for (;;) {
        const next = await Promise.race([values.next(), ended])
        if (next === 'ended' || next.done) break
        yield { kind: 'making', value: next.value }
      }
      await writing
    } finally {
      stopping.abort()
      changed.changed()
      await values.return()
      await ended
    }
    const stem = basename(clip.name, extname(clip.name))
    const name = pieceName(stem, 1, plan.range.start, pieceExtensions[plan.container])
    await this.#keep(id, { clip: clip.id, path, name, mediaType: mediaTypes[plan.container] })
    yield { kind: 'ready', piece: id, name }
  }

  /** Throws `nothing-found` for another clip, and after the moment was removed. */
  get(clip: string, id: string): Moment {
    const moment = this.#kept.get(id)
    if (moment?.clip === clip) return moment
    throw new TarsierError('nothing-found', 'This moment was removed. Save it again.')
  }

  /** Removes what services that were killed have left, also while they removed it themselves. What cannot be removed stays until the next start. */
  async clean(): Promise<void> {
    if (this.#kept.size > 0) return
    // Renamed first, so that nothing is removed that was made meanwhile.
    await move(this.#folder, `${this.#folder}.${newId()}${OLD}`).catch(() => {}) // there is none, or one of its files is in use
    const parent = dirname(this.#folder)
    for (const name of await readdir(parent).catch(() => []))
      if (name.startsWith(`${basename(this.#folder)}.`) && name.endsWith(OLD)) await remove(join(parent, name)).catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of [...this.#kept.keys()]) await this.#remove(id)
  }

  async #keep(id: string, moment: Moment): Promise<void> {
    const removal = setTimeout(() => void this.#remove(id), KEPT_MS)
    removal.unref()
    this.#kept.set(id, { ...moment, removal })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_MOMENTS && oldest !== undefined) await this.#remove(oldest)
  }

  async #remove(id: string): Promise<void> {
    const moment = this.#kept.get(id)
    if (!moment) return
    clearTimeout(moment.removal)
    this.#kept.delete(id)
    await remove(moment.path).catch(() => {}) // in use, or a lost disk: it is removed at the next start
  }
}
