import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findPostgres } from '../../scripts/find-postgres.mjs'
import { NO_POSTGRES } from '../../test/helpers/postgres.ts'
import { frameCosts, turnCosts } from './growth-conversation.ts'
import type { Growth } from './growth-cost.ts'
import { libraryCosts } from './growth-library.ts'
import { growthPlot } from './growth-plot.ts'
import { workerCosts } from './growth-workers.ts'
import type { BenchOptions, Measured } from './section.ts'

/** Exponent up to which growth counts as linear: doubling a size then costs at most 2.14 times as much. */
const LINEAR = 1.1

/**
 * Measures what work costs by its length or number, in processor time, which other programs affect little: frames of a clip, turns of a conversation,
 * entries of the library, workers of a queue. Takes three minutes.
 */
export async function measureGrowth({ cache }: BenchOptions): Promise<Measured> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'growth-'))
  try {
    const postgres = findPostgres()
    const growths = [
      ...(await frameCosts(folder)),
      ...(await turnCosts(folder)),
      ...(await libraryCosts(folder)),
      ...(postgres === null ? [] : await workerCosts(postgres)),
    ]
    return {
      columns: ['what', 'size', 'processor milliseconds', 'of the smallest', 'exponent'],
      rows: growths.flatMap(({ what, points }) =>
        points.map(({ size, cost }, index) => [
          what,
          String(size),
          cost.toPrecision(3),
          `${(cost / (points[0]?.cost ?? 1)).toFixed(1)}×`,
          index === 0 ? '' : exponent(points, index).toFixed(2),
        ]),
      ),
      notes: [
        'The exponent is that of the growth from the size before: 1 is linear, 0 constant. Below it, a constant part dominates.',
        'Frames: a description of 8 tokens by the demo model. Turns: the prompt of the next question, and storing its answer.',
        ...(postgres === null ? [`Workers were left out: ${NO_POSTGRES}`] : []),
      ],
      targets: growths.map(({ what, points }) => ({
        what: `${what}: no more than linear`,
        met: exponent(points, points.length - 1) <= LINEAR,
      })),
      data: growths,
      plot: growthPlot(growths),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Exponent of the growth from the point before to this one. */
function exponent(points: Growth['points'], index: number): number {
  const [before, here] = [points[index - 1], points[index]]
  if (!before || !here) return 0
  return Math.log(here.cost / before.cost) / Math.log(here.size / before.size)
}
