import type { Random } from './random.ts'

/** Side of one visual token in pixels: patch size 14, merged two by two. */
export const CELL = 28

/** An image size used in training, in visual tokens, with the aspect ratios that the preprocessor maps to it and the probability of drawing it. */
export interface TrainingGrid {
  readonly rows: number
  readonly columns: number
  readonly aspects: readonly [narrowest: number, widest: number]
  readonly share: number
}

/**
 * Results of smart_resize for clips if one frame may have 12,800 pixels: every side is rounded down to whole tokens, so each grid covers a range of
 * aspect ratios.
 */
const trainingGrids: readonly TrainingGrid[] = [
  { rows: 4, columns: 4, aspects: [0.98, 1.02], share: 0.2 },
  { rows: 3, columns: 4, aspects: [1.02, 1.53], share: 0.32 },
  { rows: 4, columns: 3, aspects: [0.65, 0.98], share: 0.16 },
  { rows: 3, columns: 5, aspects: [1.53, 1.81], share: 0.22 },
  { rows: 5, columns: 3, aspects: [0.55, 0.65], share: 0.1 },
]

export function randomGrid(random: Random): TrainingGrid {
  let left = random.next()
  for (const grid of trainingGrids) {
    left -= grid.share
    if (left < 0) return grid
  }
  return trainingGrids[0] as TrainingGrid
}
