import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import { squareFrame } from './square-frame.ts'

/** Rows of tokens in the image of the trial run: a whole frame would take a second on a slow tower. */
const TRIAL_ROWS = 1
/** Rows of tokens in the self-test images, at most the whole frame: 72 and 120 patches in an image of 24 columns. */
const SELF_TEST_ROWS = [3, 5]

/**
 * The form of a CLIP tower with LLaVA's projector, as in Tarsier version 1: every frame is resized to a square of one fixed size,
 * regardless of the clip, and the graph inserts Tarsier's separators between the tokens.
 */
export function llavaTowerForm({ vision, preprocessing }: TarsierManifest): TowerForm {
  const { imageSize: side, classToken, rowSeparators, frameSeparator } = vision
  const cell = vision.patchSize * vision.mergeSize
  return {
    // The graph merges patches itself, because its learned positions are in row order.
    patching: { patchSize: vision.patchSize, mergeSize: 1 },
    framesPerPatch: 1,
    framesPerSlice: 1,
    positionsPerSecond: null,
    timestamps: null,
    size: () => ({ width: side, height: side }),
    prepare: (frame) => squareFrame(frame, { ...preprocessing, side }),
    tokens({ width, height }) {
      const grid = [Math.floor(height / cell), Math.floor(width / cell)] as const
      const [rows, columns] = grid
      return { grid, rows: Number(classToken) + rows * (columns + Number(rowSeparators)) + Number(frameSeparator) }
    },
    furtherInputs: () => [],
    graphInputs: [],
    learnedPositions: { name: 'embeddings.position_embedding', side: Math.floor(side / vision.patchSize) },
    trial: { width: side, height: TRIAL_ROWS * cell },
    selfTest: SELF_TEST_ROWS.map((rows) => ({ width: side, height: Math.min(rows, Math.floor(side / cell)) * cell })),
  }
}
