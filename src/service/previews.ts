import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MediaClient } from '../engine/host/media-client.ts'
import type { StoredClip } from '../library/clips.ts'
import { move, remove } from '../platform/move.ts'
import { Watched } from './watchers.ts'

/** Largest number of previews on disk; the oldest are removed first. */
const MAX_PREVIEWS = 200
/** Changes when previews of earlier versions are to be replaced: those of version 1 had no sound. */
const VERSION = 2

interface Making {
  value: number
  readonly changed: Watched<number>
  readonly whole: Promise<void>
}

/** Browser-compatible previews of clips that browsers cannot play, in `cache/previews` of the home folder. */
export class Previews implements AsyncDisposable {
  readonly #folder: string
  readonly #media: MediaClient
  readonly #making = new Map<string, Making>()
  readonly #closing = new AbortController()

  constructor(home: string, media: MediaClient) {
    this.#folder = join(home, 'cache', 'previews')
    this.#media = media
  }

  /** Returns the path of a clip's preview, which may not exist yet. A changed file has a different path. */
  pathOf(clip: StoredClip): string {
    return join(this.#folder, `${clip.id}-${clip.bytes.toString(36)}-${Math.round(clip.modified).toString(36)}-${VERSION}.preview`)
  }

  async isReady(clip: StoredClip): Promise<boolean> {
    return access(this.pathOf(clip)).then(
      () => true,
      () => false,
    )
  }

  /** Makes the preview, or joins a running conversion, and yields progress. Leaving the loop does not cancel the conversion. */
  async *make(clip: StoredClip, signal: AbortSignal | undefined): AsyncGenerator<number, void> {
    if (await this.isReady(clip)) return
    const making = this.#making.get(clip.id) ?? this.#start(clip)
    const ended = making.whole.then(
      () => 'ended' as const,
      () => 'ended' as const,
    )
    const values = making.changed.watch(signal)
    try {
      for (;;) {
        const next = await Promise.race([values.next(), ended])
        if (next === 'ended' || next.done) break
        yield next.value
      }
      signal?.throwIfAborted()
      await making.whole
    } finally {
      making.changed.changed()
      await values.return()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([...this.#making.values()].map(({ whole }) => whole))
  }

  #start(clip: StoredClip): Making {
    const making: Making = {
      value: 0,
      changed: new Watched(() => making.value),
      whole: this.#write(clip, (value) => {
        making.value = value
        making.changed.changed()
      }).finally(() => this.#making.delete(clip.id)),
    }
    this.#making.set(clip.id, making)
    return making
  }

  async #write(clip: StoredClip, onProgress: (value: number) => void): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const temporary = join(this.#folder, `.${randomUUID()}.part`)
    try {
      for await (const value of this.#media.preview(clip.path, temporary, this.#closing.signal)) onProgress(value)
      await move(temporary, this.pathOf(clip))
    } finally {
      await remove(temporary)
    }
    await this.#removeOldest()
  }

  async #removeOldest(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.preview'))
    if (names.length <= MAX_PREVIEWS) return
    const files = await Promise.all(
      names.map(async (name) => ({ path: join(this.#folder, name), time: (await stat(join(this.#folder, name))).mtimeMs })),
    )
    for (const { path } of files.sort((a, b) => a.time - b.time).slice(0, names.length - MAX_PREVIEWS)) await remove(path)
  }
}
