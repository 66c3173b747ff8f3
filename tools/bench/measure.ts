/** Returns the median; of two middle values, their mean. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values, no median')
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2
}

export interface Contender {
  /** Performs one run; returns its result, such as milliseconds. */
  run(): Promise<number>
  /** Maximum number of runs, for slow contenders. Defaults to all rounds. */
  readonly rounds?: number
}

/**
 * Measures every contender over `rounds`. They run in turn, and in reverse order in every other round, so that neither a temporary load of the
 * machine nor the after-effects of the preceding contender affect only one of them.
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
