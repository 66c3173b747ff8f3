import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { linesOf } from '../../jobs/sinks/json-lines.ts'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
import { TarsierError } from '../../shared/errors.ts'
import { dataSetOf } from '../datasets.ts'
import type { BrokenLine } from '../json-lines.ts'
import type { Prediction } from '../prediction.ts'
import { PREDICTIONS_FILE } from './prediction-file.ts'
import { readPredictions } from './read-predictions.ts'
import { type RunSettings, readSettings, settingDifferences, writeSettings } from './run-settings.ts'

/**
 * What is done where a sample has several predictions. `join`: an answer takes the place of a failure, and two different answers are refused.
 * `first`: the first line counts, whatever it says, as in upstream's evaluation.
 */
export type DuplicateRule = 'join' | 'first'

/** Lines that repeat a sample and were left out by the rule `first`. */
export interface Duplicates {
  readonly count: number
  /** Those among them that say something else than the line that counts. */
  readonly different: number
  /** The first such place (`file:line`), and that of the line that counts instead. */
  readonly first: { readonly place: string; readonly counts: string } | null
}

/** Predictions of one data set, joined. */
export interface MergedSet {
  /** The folder's name: the data set's on the command line, or as annotated where it is none of ours. */
  readonly name: string
  readonly predictions: ReadonlyMap<string, Prediction>
  /** How all of them were made; null where that is not known of some. */
  readonly settings: RunSettings | null
  readonly duplicates: Duplicates
}

/**
 * Joins files of predictions, a set for each data set. Throws `bench-mismatch` where two were made with different settings or, by the rule `join`,
 * answer one sample differently.
 */
export async function mergePredictions(
  files: readonly string[],
  signal: AbortSignal,
  rule: DuplicateRule = 'join',
): Promise<{ readonly sets: readonly MergedSet[]; readonly broken: readonly BrokenLine[] }> {
  const sets = new Map<string, OpenSet>()
  const broken: BrokenLine[] = []
  for (const file of files) {
    const settings = await readSettings(dirname(file))
    const seen = new Set<string>()
    for await (const read of readPredictions(file, signal)) {
      if (read.kind === 'broken') {
        broken.push(read)
        continue
      }
      const { prediction } = read
      const name = dataSetOf(prediction.dataset)?.name ?? folderName(prediction.dataset)
      const set = sets.get(name) ?? { predictions: new Map(), places: new Map(), settings, from: file, duplicates: NO_DUPLICATES }
      if (!seen.has(name)) set.settings = agreed(set.settings, set.from, settings, file)
      seen.add(name)
      sets.set(name, set)
      const place = `${file}:${read.line}`
      if (rule === 'join') mergeInto(set.predictions, prediction, { places: set.places, place })
      else takeFirst(set, prediction, place)
    }
  }
  return {
    sets: [...sets].map(([name, { predictions, settings, duplicates }]) => ({ name, predictions, settings, duplicates })),
    broken,
  }
}

interface OpenSet {
  readonly predictions: Map<string, Prediction>
  readonly places: Map<string, string>
  settings: RunSettings | null
  readonly from: string
  duplicates: Duplicates
}

const NO_DUPLICATES: Duplicates = { count: 0, different: 0, first: null }

function takeFirst(set: OpenSet, prediction: Prediction, place: string): void {
  const { key } = prediction
  const there = set.predictions.get(key)
  if (there === undefined) {
    set.predictions.set(key, prediction)
    set.places.set(key, place)
    return
  }
  const { count, different, first } = set.duplicates
  set.duplicates = {
    count: count + 1,
    different: different + (there.prediction === prediction.prediction ? 0 : 1),
    first: first ?? { place, counts: set.places.get(key) ?? '' },
  }
}

/**
 * Takes one more prediction into a set: an answer takes the place of a failure, and what is there twice is there once. Throws `bench-mismatch` for two
 * different answers to one sample, naming both places.
 */
export function mergeInto(
  predictions: Map<string, Prediction>,
  prediction: Prediction,
  { places, place }: { readonly places: Map<string, string>; readonly place: string },
): void {
  const { key } = prediction
  const there = predictions.get(key)
  if (there && there.prediction !== null && prediction.prediction !== null && !sameAnswer(there, prediction))
    throw new TarsierError(
      'bench-mismatch',
      `"${key}" has two different predictions, at ${places.get(key) ?? 'an unknown place'} and at ${place}. Remove the one that is not wanted.`,
    )
  if (there && (there.prediction !== null || prediction.prediction === null)) return
  predictions.set(key, prediction)
  places.set(key, place)
}

/** Writes joined sets as `bench run` would have: a folder each, `run.json` where the settings are known. Throws `usage` before anything is written where one is there. */
export async function writeMerged(sets: readonly MergedSet[], out: string): Promise<void> {
  const taken = sets.map(({ name }) => join(out, name, PREDICTIONS_FILE)).filter((path) => existsSync(path))
  if (taken.length > 0) throw new TarsierError('usage', `${taken.join(', ')} would be written over. Give another folder with --out.`)
  for (const { name, predictions, settings } of sets) {
    const directory = join(out, name)
    try {
      await mkdir(directory, { recursive: true })
    } catch (error) {
      throw writeError(directory, error)
    }
    if (settings !== null) await writeSettings(directory, name, settings)
    await replaceFile(directory, PREDICTIONS_FILE, linesOf(predictions.values()))
  }
}

/** Where and when an answer was made does not make it another one. */
function sameAnswer(a: Prediction, b: Prediction): boolean {
  const facts = ({ prompt, begun, reference, prediction }: Prediction) => [prompt, begun, reference, prediction]
  return isDeepStrictEqual(facts(a), facts(b))
}

function agreed(a: RunSettings | null, from: string, b: RunSettings | null, file: string): RunSettings | null {
  if (a === null || b === null) return null
  const differences = settingDifferences(a, b)
  if (differences.length === 0) return a
  throw new TarsierError(
    'bench-mismatch',
    `${from} and ${file} were made with different settings: ${differences.join('; ')}. Only parts of one run can be joined.`,
    { details: { differences } },
  )
}

function folderName(dataset: string): string {
  return (dataset.split('/', 1)[0] ?? '').replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'
}
