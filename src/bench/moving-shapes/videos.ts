import { randomUUID } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeError } from '../../jobs/write-file.ts'
import { move, remove } from '../../platform/move.ts'
import type { Sample } from '../sample.ts'
import { clipOf, GENERATOR_VERSION } from './clips.ts'
import { writeSceneClip } from './scene-clip.ts'

/** The clips of moving-shapes as files, drawn when they are first asked for and kept in the home's cache. */
export class MovingShapesVideos {
  readonly #folder: string
  /** Clips that are being drawn; several samples ask about one. */
  readonly #drawing = new Map<string, Promise<void>>()

  /** @param home where caches lie, as `tarsierHome` gives it. */
  constructor(home: string) {
    this.#folder = join(home, 'cache', 'moving-shapes', `v${GENERATOR_VERSION}`)
  }

  /**
   * The path of the sample's clip, as H.264 in MP4: whole once it is given, since it is drawn aside and renamed. Throws `bench-damaged` for a
   * `vid` that names no clip, `disk-full`, `write-failed`.
   */
  async videoFor(sample: Pick<Sample, 'vid'>, signal: AbortSignal): Promise<string> {
    const { seed, scene, shape } = clipOf(sample.vid)
    const path = join(this.#folder, `${seed}.mp4`)
    for (;;) {
      signal.throwIfAborted()
      if (await isFile(path)) return path
      const drawing = this.#drawing.get(path)
      // Whoever draws it may be stopped, or fail; then it is this one's turn.
      if (drawing) await drawing.catch(() => {})
      else {
        const begun = this.#draw(path, (aside) => writeSceneClip(aside, scene, shape, seed, signal))
        this.#drawing.set(path, begun)
        try {
          await begun
        } finally {
          this.#drawing.delete(path)
        }
      }
    }
  }

  async #draw(path: string, write: (aside: string) => Promise<void>): Promise<void> {
    const aside = `${path}.${randomUUID()}.part`
    try {
      await mkdir(this.#folder, { recursive: true })
      await write(aside)
      await move(aside, path)
    } catch (error) {
      await remove(aside)
      throw writeError(path, error)
    }
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true
}
