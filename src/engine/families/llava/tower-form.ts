import type { TarsierManifest } from '../../../shared/model-manifest.ts'
import type { TowerForm } from '../../vision/tower-form.ts'
import { squareFrame } from './square-frame.ts'

/** Rows of tokens in the picture of the trial run: a whole frame would take a second where a tower is slow. */
const TRIAL_ROWS = 1
/** Of the self-test's pictures: 72 and 120 patches in a picture of 24 columns. */
const SELF_TEST_ROWS = [3, 5]

/**
 * CLIP's tower with LLaVA's projector, which is Tarsier's of version 1: every frame becomes a square of one size, whatever its own
 * and the clip's are, and the graph puts Tarsier's separators among the tokens.
 */
export function llavaTowerForm({ vision, preprocessing }: TarsierManifest): TowerForm {
  const { imageSize: side, classToken, rowSeparators, frameSeparator } = vision
  const cell = vision.patchSize * vision.mergeSize
  return {
    // The graph brings patches together by itself, for its learned positions go row by row.
    patching: { patchSize: vision.patchSize, mergeSize: 1 },
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
    selfTest: SELF_TEST_ROWS.map((rows) => ({ width: side, height: rows * cell })),
  }
}
