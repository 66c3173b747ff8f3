import type { Page } from '@playwright/test'
import { stopFrames, timeFrames } from './page-clocks.ts'

/** What the page did while something on it was moved. */
export interface Motion {
  readonly what: string
  /** Milliseconds between the page's animation frames. */
  readonly between: readonly number[]
  /** Number of movements of the wheel or the pointer. */
  readonly steps: number
  /** Milliseconds of CPU time of the page's main thread. */
  readonly cpu: number
}

/** Times the page's frames while `move` runs; it returns the number of its movements. */
export async function timeMotion(page: Page, what: string, move: () => Promise<number>): Promise<Motion> {
  const session = await page.context().newCDPSession(page)
  try {
    // CPU time instead of elapsed time, so that other programs of the machine do not count.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    const busy = async () => {
      const { metrics } = await session.send('Performance.getMetrics')
      return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
    }
    const before = await busy()
    const moveAndStop = async () => {
      const steps = await move()
      await page.evaluate(stopFrames)
      return steps
    }
    const [between, steps] = await Promise.all([page.evaluate(timeFrames), moveAndStop()])
    return { what, between, steps, cpu: (await busy()) - before }
  } finally {
    await session.detach()
  }
}
