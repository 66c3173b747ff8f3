import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { linesOf } from '../../jobs/sinks/json-lines.ts'
import { makeFolder, replaceFile } from '../../jobs/write-file.ts'
import { isTaken } from '../../platform/disk.ts'
import { TarsierError } from '../../shared/errors.ts'
import { dataSetOf } from '../datasets.ts'
import type { BrokenLine } from '../json-lines.ts'
import type { Prediction } from '../prediction.ts'
import { PREDICTIONS_FILE } from './prediction-file.ts'
import { readPredictions } from './read-predictions.ts'
import { type RunSettings, readSettings, settingDifferences, writeSettings } from './run-settings.ts'

/**
 * Rule for samples with several predictions. `join`: an answer replaces a failure, and two different answers are an error. `first`: the first line
 * counts, whatever it contains, as in upstream's evaluation.
 */
export type DuplicateRule = 'join' | 'first'

/** Duplicate lines that were left out by the rule `first`. */
export interface Duplicates {
  readonly count: number
  /** Number of these that differ from the line that counts. */
  readonly different: number
  /** Location of the first such line (`file:line`), and of the line that counts instead. */
  readonly first: { readonly place: string; readonly counts: string } | null
}

/** Merged predictions of one data set. */
export interface MergedSet {
  /** Name of the folder: the data set's name on the command line, or the annotated name if the data set is unknown. */
  readonly name: string
  readonly predictions: ReadonlyMap<string, Prediction>
  /** Settings of all predictions; null if they are unknown for some. */
  readonly settings: RunSettings | null
  readonly duplicates: Duplicates
}

/**
 * Merges prediction files into one set per data set. Throws `bench-mismatch` if two files were made with different settings, or, by the rule
 * `join`, contain different answers to one sample.
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

/**
 * Adds a line by the rule `first`, unless there is one with its key. Returns the existing one; null if there was none. Evaluations and the index of
 * the app use the same rule, so that both show the same score.
 */
export function addFirst<Line extends { readonly key: string }>(lines: Map<string, Line>, line: Line): Line | null {
  const there = lines.get(line.key)
  if (there === undefined) lines.set(line.key, line)
  return there ?? null
}

function takeFirst(set: OpenSet, prediction: Prediction, place: string): void {
  const { key } = prediction
  const there = addFirst(set.predictions, prediction)
  if (there === null) {
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
 * Adds a prediction to a set: an answer replaces a failure, and identical predictions are stored once. Throws `bench-mismatch` for two different
 * answers to one sample, naming both locations.
 */
export function mergeInto(
  predictions: Map<string, Prediction>,
  prediction: Prediction,
  { places, place }: { readonly places: Map<string, string>; readonly place: string },
): void {
  const { key } = prediction
  const there = predictions.get(key)
  if (there && isOtherAnswer(there, prediction))
    throw new TarsierError(
      'bench-mismatch',
      `"${key}" has two different predictions, at ${places.get(key) ?? 'an unknown place'} and at ${place}. Remove one of them.`,
    )
  if (there && (there.prediction !== null || prediction.prediction === null)) return
  predictions.set(key, prediction)
  places.set(key, place)
}

/**
 * Writes merged sets in the layout of `bench run`: one folder each, with `run.json` if the settings are known. Throws `usage`, before writing
 * anything, if one of the folders exists.
 */
export async function writeMerged(sets: readonly MergedSet[], out: string): Promise<void> {
  const taken: string[] = []
  for (const { name } of sets) {
    const path = join(out, name, PREDICTIONS_FILE)
    if (await isTaken(path)) taken.push(path)
  }
  if (taken.length > 0) throw new TarsierError('usage', `${taken.join(', ')} would be overwritten. Give another folder with --out.`)
  for (const { name, predictions, settings } of sets) {
    const directory = join(out, name)
    await makeFolder(directory)
    if (settings !== null) await writeSettings(directory, name, settings)
    await replaceFile(directory, PREDICTIONS_FILE, linesOf(predictions.values()))
  }
}

/** Whether both are answers and differ, apart from the device and the time they took. */
export function isOtherAnswer(a: Prediction, b: Prediction): boolean {
  const fieldsOf = ({ prompt, begun, reference, prediction }: Prediction) => [prompt, begun, reference, prediction]
  return a.prediction !== null && b.prediction !== null && !isDeepStrictEqual(fieldsOf(a), fieldsOf(b))
}

function agreed(a: RunSettings | null, from: string, b: RunSettings | null, file: string): RunSettings | null {
  if (a === null || b === null) return null
  const differences = settingDifferences(a, b)
  if (differences.length === 0) return a
  throw new TarsierError(
    'bench-mismatch',
    `${from} and ${file} were made with different settings: ${differences.join('; ')}. Only parts of the same run can be merged.`,
    { details: { differences } },
  )
}

function folderName(dataset: string): string {
  return (dataset.split('/', 1)[0] ?? '').replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_'
}
