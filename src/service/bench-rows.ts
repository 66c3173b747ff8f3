import type { IndexedSample, Standing } from '../bench/explore/run-index.ts'
import { readSamples, scoreOf, setOf } from '../bench/explore/run-index.ts'
import type { Prediction } from '../bench/prediction.ts'
import type { Change, CompareQuery, Comparison, SampleRow, SampleState, SamplesQuery, Slice } from '../shared/contract/bench.ts'
import { changes } from '../shared/contract/bench.ts'
import { assertNever } from '../shared/errors.ts'
import type { BenchRuns } from './bench-runs.ts'

/** Largest number of characters of an answer or reference in a list. */
const BEGINNING = 240

/** Returns a page of a run's samples. Only the texts of that page are read. */
export async function sampleSlice(runs: BenchRuns, query: SamplesQuery): Promise<Slice<SampleRow>> {
  const { index } = await runs.get(query.run)
  const among = await filterOf(runs, query.run, query)
  const found = index.samples.filter((sample) => among(sample) && (query.state === undefined || stateOf(sample.standing) === query.state))
  const ordered = query.order === 'run' ? found : byScore(found, query.order)
  const shown = ordered.slice(query.offset, query.offset + query.limit)
  return { offset: query.offset, total: found.length, items: await rowsOf(shown) }
}

/** Compares two runs. Samples that are only in the second run follow those of the first. */
export async function compareSlice(runs: BenchRuns, query: CompareQuery): Promise<Comparison> {
  const [first, second] = await Promise.all([runs.get(query.run), runs.get(query.other)])
  const [amongFirst, amongSecond] = await Promise.all([filterOf(runs, query.run, query), filterOf(runs, query.other, query)])
  const pairs = [
    ...first.index.samples.map((sample) => ({ first: sample, second: second.index.byKey.get(sample.key) ?? null })),
    ...second.index.samples.flatMap((sample) => (first.index.byKey.has(sample.key) ? [] : [{ first: null, second: sample }])),
  ]
    .filter((pair) => (pair.first && amongFirst(pair.first)) || (pair.second && amongSecond(pair.second)))
    .map((pair) => ({ ...pair, change: changeOf(pair.first, pair.second) }))
  const found = pairs.filter(({ change }) => query.change === undefined || change === query.change)
  const shown = found.slice(query.offset, query.offset + query.limit)
  const [lefts, rights] = await Promise.all([
    rowsByKey(shown.flatMap((pair) => (pair.first ? [pair.first] : []))),
    rowsByKey(shown.flatMap((pair) => (pair.second ? [pair.second] : []))),
  ])
  return {
    offset: query.offset,
    total: found.length,
    counts: countBy(changes, pairs, ({ change }) => change),
    items: shown.map(({ change, ...pair }) => {
      const { key = '', dataset = '' } = pair.first ?? pair.second ?? {}
      return { key, dataset, change, first: lefts.get(key) ?? null, second: rights.get(key) ?? null }
    }),
  }
}

export function stateOf(standing: Standing): SampleState {
  switch (standing.kind) {
    case 'failed':
    case 'answered':
      return standing.kind
    case 'choice':
    case 'judged':
      return standing.correct ? 'right' : 'wrong'
    case 'events':
      return 'scored'
    default:
      return assertNever(standing, 'standing')
  }
}

/** Counts items by name, including names with no items. */
export function countBy<T, K extends string>(names: readonly K[], items: readonly T[], nameOf: (item: T) => K): Record<K, number> {
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>
  for (const item of items) counts[nameOf(item)]++
  return counts
}

async function rowsOf(samples: readonly IndexedSample[]): Promise<SampleRow[]> {
  const predictions = await readSamples(samples)
  return samples.map((sample, i) => rowOf(sample, predictions[i]))
}

async function rowsByKey(samples: readonly IndexedSample[]): Promise<Map<string, SampleRow>> {
  return new Map((await rowsOf(samples)).map((row) => [row.key, row]))
}

function rowOf({ key, dataset, standing }: IndexedSample, prediction: Prediction | undefined): SampleRow {
  const words = prediction?.prediction ?? prediction?.error?.message ?? ''
  return {
    key,
    dataset,
    state: stateOf(standing),
    score: scoreOf(standing),
    answer: beginning(words),
    reference: beginning([prediction?.reference ?? ''].flat()[0] ?? ''),
  }
}

function beginning(text: string): string {
  return text.length > BEGINNING ? `${text.slice(0, BEGINNING).trimEnd()}…` : text
}

async function filterOf(
  runs: BenchRuns,
  run: string,
  { dataset, text }: Pick<SamplesQuery, 'dataset' | 'text'>,
): Promise<(sample: IndexedSample) => boolean> {
  const keys = text.trim() === '' ? null : await runs.search(run, text.trim())
  return (sample) =>
    (dataset === undefined || sample.dataset === dataset || setOf(sample.dataset) === dataset) && (keys === null || keys.has(sample.key))
}

function byScore(samples: readonly IndexedSample[], order: 'worst' | 'best'): IndexedSample[] {
  const sign = order === 'worst' ? 1 : -1
  const rank = ({ standing }: IndexedSample) => {
    const score = scoreOf(standing)
    return score === null ? Number.POSITIVE_INFINITY : sign * score
  }
  return [...samples].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)]
    return left === right ? 0 : left - right
  })
}

/** Failed samples score 0; samples without a score cannot be compared. */
function changeOf(first: IndexedSample | null, second: IndexedSample | null): Change {
  if (!first) return 'only-second'
  if (!second) return 'only-first'
  const worth = ({ standing }: IndexedSample) => (standing.kind === 'failed' ? 0 : scoreOf(standing))
  const [before, after] = [worth(first), worth(second)]
  if (before === null || after === null) return 'unknown'
  return after > before ? 'better' : after < before ? 'worse' : 'same'
}
