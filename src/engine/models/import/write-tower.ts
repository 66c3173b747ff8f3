import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { remove } from '../../../platform/move.ts'
import { resourceFolder } from '../../../platform/resource-folder.ts'
import { TarsierError } from '../../../shared/errors.ts'
import type { ModelManifest, VisionPrecision } from '../../../shared/model-manifest.ts'
import type { ModelParts } from '../../checkpoint/model-parts.ts'
import { towerForm } from '../../families/families.ts'
import type { GraphFiles } from '../../formats/onnx/onnx-graph.ts'
import { compareRows, type TowerError } from '../../vision/compare-rows.ts'
import { embedSamples } from '../../vision/embed-samples.ts'
import type { ImportJournal } from './import-journal.ts'

const VISION_FILE = 'vision.onnx'
/** Of the folder with a tower that is only written to be compared with, inside the model's that is being made. */
const ASIDE = 'exact'
/** Clips that towers are compared on. */
const CLIPS = ['blue-square-spins.mp4', 'green-triangle-up-yellow-star-down.mp4', 'pink-square-down-then-disappears.mp4'] as const

/** What the manifest says of the tower's files. */
export interface WrittenTower extends GraphFiles {
  readonly precision: VisionPrecision
  readonly error?: TowerError
}

export interface TowerWork {
  /** About how many bytes will be written, those that are removed again among them. */
  readonly bytes: number
  /** The most of them that lie on the disk at once. */
  readonly room: number
  /**
   * Writes the tower into the import's folder, unless the journal knows it to be there, and says how far it lies from the same tower in
   * 32 bits where it is in fewer. `manifestOf` makes a whole manifest, with which a tower can be opened. `onDone` as for a language model.
   */
  write(
    to: { readonly directory: string; readonly journal: ImportJournal; readonly signal: AbortSignal },
    manifestOf: (tower: WrittenTower) => ModelManifest,
    onDone: (bytes: number, title: string) => void,
  ): Promise<WrittenTower>
}

/** What is to be done for a model's tower. What towers give is compared on the example clips; without those nothing is said of it. */
export function towerWork(tower: ModelParts['tower'], precision: VisionPrecision): TowerWork {
  const clips = precision === 'f32' ? null : exampleClips()
  const [own, exact] = [tower.bytes(precision), tower.bytes('f32')]
  const asides = clips === null ? 0 : precision === 'f16' ? 2 : 1
  return {
    bytes: own + asides * exact,
    room: asides === 0 ? own : Math.max(own, exact),
    async write({ directory, journal, signal }, manifestOf, onDone) {
      let before = 0
      const write = async (options: { directory: string; precision: VisionPrecision; rounded?: boolean }, bytes: number, title: string) => {
        const onProgress = (part: number) => onDone(before + part * bytes, title)
        const files = await tower.write({ ...options, fileName: VISION_FILE, signal, onProgress })
        before += bytes
        return files
      }
      const rowsAside = (rounded: boolean) =>
        withFolder(join(directory, ASIDE), async (folder) => {
          const title = rounded ? 'running the vision tower in 16 bits' : 'running the vision tower in 32 bits, to compare'
          const files = await write({ directory: folder, precision: 'f32', rounded }, exact, title)
          return await embedSamples(folder, withForm(manifestOf({ ...files, precision: 'f32' })), clips ?? [], signal)
        })
      const exactRows = clips && (await rowsAside(false))
      // Run as it is, a tower in 16 bits takes more memory than one in 32: both forms of it are there.
      const roundedRows = exactRows && precision === 'f16' ? await rowsAside(true) : null
      const files = journal.vision ?? (await write({ directory, precision }, own, 'writing the vision tower'))
      await journal.note({ vision: files })
      if (exactRows === null || (precision === 'f16' && roundedRows === null)) return { ...files, precision }
      onDone(own + asides * exact, 'comparing the vision tower')
      const manifest = manifestOf({ ...files, precision })
      const rows = roundedRows ?? (await embedSamples(directory, withForm(manifest), clips ?? [], signal))
      return { ...files, precision, error: compareRows(exactRows, rows, manifest.vision.width, CLIPS.length) }
    },
  }
}

function withForm(manifest: ModelManifest) {
  return { manifest, form: towerForm(manifest) }
}

/** The example clips; null when they did not come along. */
function exampleClips(): readonly string[] | null {
  const folder = resourceFolder('examples', CLIPS[0])
  return folder === null ? null : CLIPS.map((name) => join(folder, name))
}

/** The rows that `use` makes in a folder of its own, which is removed before anything else is opened; null where memory did not do. */
async function withFolder(folder: string, use: (folder: string) => Promise<Float32Array[]>): Promise<Float32Array[] | null> {
  await mkdir(folder)
  try {
    return await use(folder)
  } catch (error) {
    if (error instanceof TarsierError && error.code === 'out-of-memory') return null
    throw error
  } finally {
    await remove(folder)
  }
}
