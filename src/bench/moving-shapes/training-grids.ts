import type { Random } from './random.ts'

/** Pixels of one visual token's side: patch 14, merged two by two. */
export const CELL = 28

/** A picture size of training, in visual tokens, with the aspects that the preprocessor brings to it and how often it is drawn. */
export interface TrainingGrid {
  readonly rows: number
  readonly columns: number
  readonly aspects: readonly [narrowest: number, widest: number]
  readonly share: number
}

/**
 * What smart_resize makes of clips when one frame may have 12,800 pixels: every side is rounded down to whole tokens, so each grid
 * stands for a range of aspects.
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
