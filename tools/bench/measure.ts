/** The middle one of some numbers, of two middle ones their mean. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values, no median')
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2
}

export interface Contender {
  /** One run; gives its figure, such as milliseconds. */
  run(): Promise<number>
  /** Most runs, for what takes long. Defaults to all rounds. */
  readonly rounds?: number
}

/**
 * The figures of every contender over `rounds`. They take turns, and every other round goes the other way round, so that neither a busy
 * moment of the machine nor what the one before left behind falls on one alone.
 */
export async function takeTurns<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[]
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { run, rounds: most = rounds } = contenders[name]
      if (round < most) figures[name].push(await run())
    }
  }
  return figures
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
