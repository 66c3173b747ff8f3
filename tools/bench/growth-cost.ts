/** Processor milliseconds of one kind of work, by size. */
export interface Growth {
  readonly what: string
  readonly points: readonly { readonly size: number; readonly cost: number }[]
}

/** Work is repeated for so long, in processor milliseconds, and the least of several such means counts. */
const ENOUGH_MS = 40
const BATCHES = 3
const MOST_REPEATS = 2000

/** Processor milliseconds of this process, all its threads, for work that can be repeated. */
export async function costOf(work: (repeat: number) => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  let repeat = 0
  for (let batch = 0; batch < BATCHES; batch++) {
    const from = repeat
    const cost = await costOnce(async () => {
      const start = process.cpuUsage()
      do await work(repeat++)
      while (millisecondsSince(start) < ENOUGH_MS && repeat - from < MOST_REPEATS)
    })
    least = Math.min(least, cost / (repeat - from))
  }
  return least
}

/** Processor milliseconds of this process for work that is done once. */
export async function costOnce(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage()
  await work()
  return millisecondsSince(start)
}

function millisecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}
