import { randomUUID } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeError } from '../../jobs/write-file.ts'
import { move, remove } from '../../platform/move.ts'
import type { Sample } from '../sample.ts'
import { clipOf, GENERATOR_VERSION } from './clips.ts'
import { writeSceneClip } from './scene-clip.ts'

/** Video files of the moving-shapes clips, rendered on first use and cached in the home folder. */
export class MovingShapesVideos {
  readonly #folder: string
  /** Clips that are being rendered, since several samples may use the same clip. */
  readonly #drawing = new Map<string, Promise<void>>()

  /** @param home folder of the caches, as returned by `tarsierHome` */
  constructor(home: string) {
    this.#folder = join(home, 'cache', 'moving-shapes', `v${GENERATOR_VERSION}`)
  }

  /**
   * Returns the path of the sample's clip, H.264 in MP4. The file is always complete, since it is written under a temporary name and renamed.
   * Throws `bench-damaged` for a `vid` that names no clip, `disk-full`, `write-failed`.
   */
  async videoFor(sample: Pick<Sample, 'vid'>, signal: AbortSignal): Promise<string> {
    const { seed, scene, shape } = clipOf(sample.vid)
    const path = join(this.#folder, `${seed}.mp4`)
    for (;;) {
      signal.throwIfAborted()
      if (await isFile(path)) return path
      const drawing = this.#drawing.get(path)
      // The other call may be aborted or fail; then this call renders the clip.
      if (drawing) await drawing.catch(() => {})
      else {
        const writing = this.#draw(path, (temporary) => writeSceneClip(temporary, scene, shape, seed, signal))
        this.#drawing.set(path, writing)
        try {
          await writing
        } finally {
          this.#drawing.delete(path)
        }
      }
    }
  }

  async #draw(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
    const temporary = `${path}.${randomUUID()}.part`
    try {
      await mkdir(this.#folder, { recursive: true })
      await write(temporary)
      await move(temporary, path)
    } catch (error) {
      await remove(temporary)
      throw writeError(path, error)
    }
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true
}
