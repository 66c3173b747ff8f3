import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { remove } from '../../../platform/move.ts'
import { resourceFolder } from '../../../platform/resource-folder.ts'
import { TarsierError } from '../../../shared/errors.ts'
import type { ModelManifest, VisionPrecision } from '../../../shared/model-manifest.ts'
import { phrase } from '../../../shared/phrase.ts'
import type { ModelParts } from '../../checkpoint/model-parts.ts'
import { towerForm } from '../../families/families.ts'
import type { GraphFiles } from '../../formats/onnx/onnx-graph.ts'
import { compareRows, type TowerError } from '../../vision/compare-rows.ts'
import { embedSamples } from '../../vision/embed-samples.ts'
import type { ImportJournal } from './import-journal.ts'

const VISION_FILE = 'vision.onnx'
/** Subfolder of the model's folder, for a tower that is written only for comparison. */
const ASIDE = 'exact'
/** Clips on which towers are compared. */
const CLIPS = ['blue-square-spins.mp4', 'green-triangle-up-yellow-star-down.mp4', 'pink-square-down-then-disappears.mp4'] as const

/** The manifest's entries for the tower's files. */
export interface WrittenTower extends GraphFiles {
  readonly precision: VisionPrecision
  readonly error?: TowerError
}

export interface TowerWork {
  /** Approximate total number of bytes to write, including temporary files. */
  readonly bytes: number
  /** Peak disk usage, in bytes. */
  readonly diskBytes: number
  /**
   * Writes the tower into the import's folder, unless it is complete according to the journal. For less than 32 bits, also measures the
   * difference from the same tower in 32 bits. `manifestOf` creates a complete manifest, which is needed to open a tower. `onDone` as for a
   * language model.
   */
  write(
    to: { readonly directory: string; readonly journal: ImportJournal; readonly signal: AbortSignal },
    manifestOf: (tower: WrittenTower) => ModelManifest,
    onDone: (bytes: number, title: string) => void,
  ): Promise<WrittenTower>
}

/** Returns the steps for a model's tower. Towers are compared on the example clips; without these, no error is recorded. */
export function towerWork(tower: ModelParts['tower'], precision: VisionPrecision): TowerWork {
  const clips = precision === 'f32' ? null : exampleClips()
  const own = tower.bytes(precision)
  const exact = clips === null ? 0 : tower.bytes('f32')
  return {
    bytes: own + exact,
    diskBytes: Math.max(own, exact),
    async write({ directory, journal, signal }, manifestOf, onDone) {
      let before = 0
      const write = async (options: { directory: string; precision: VisionPrecision; durable?: boolean }, bytes: number, title: string) => {
        const onProgress = (part: number) => onDone(before + part * bytes, title)
        const files = await tower.write({ ...options, fileName: VISION_FILE, signal, onProgress })
        before += bytes
        return files
      }
      const exactRows =
        clips &&
        (await withFolder(join(directory, ASIDE), async (folder) => {
          const title = phrase`running the vision tower in 32 bits for comparison`
          const files = await write({ directory: folder, precision: 'f32', durable: false }, exact, title)
          return await embedSamples(folder, withForm(manifestOf({ ...files, precision: 'f32' })), clips, signal)
        }))
      const files = journal.vision ?? (await write({ directory, precision }, own, phrase`writing the vision tower`))
      await journal.note({ vision: files })
      if (clips === null || exactRows === null) return { ...files, precision }
      onDone(own + exact, phrase`comparing the vision tower`)
      const manifest = manifestOf({ ...files, precision })
      const rows = await embedSamples(directory, withForm(manifest), clips, signal)
      return { ...files, precision, error: compareRows(exactRows, rows, manifest.vision.width, CLIPS.length) }
    },
  }
}

function withForm(manifest: ModelManifest) {
  return { manifest, form: towerForm(manifest) }
}

/** Paths of the example clips; null if they are not installed. */
function exampleClips(): readonly string[] | null {
  const folder = resourceFolder('examples', CLIPS[0])
  return folder === null ? null : CLIPS.map((name) => join(folder, name))
}

/**
 * Returns the rows from `use`, which runs in a temporary folder; the folder is deleted before anything else is opened. Returns null if
 * memory was insufficient.
 */
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
