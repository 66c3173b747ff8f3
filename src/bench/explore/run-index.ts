import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import { evalIdOf } from '../autodq/eval-infos.ts'
import { dataSetOf } from '../datasets.ts'
import { readJsonLines } from '../json-lines.ts'
import { judgeChoice } from '../metrics/multi-choice.ts'
import type { EventCount } from '../metrics/verdicts.ts'
import { VIDEO_MME, videoMmeLabels } from '../metrics/video-mme.ts'
import type { Prediction, UpstreamVersion } from '../prediction.ts'
import { parsePythonJson } from '../python-json.ts'
import { addFirst } from '../run/merge.ts'
import { parsePrediction } from '../run/read-predictions.ts'
import { type RunFiles, verdictsName } from './run-files.ts'
import { f1OfCounts, parseVerdict, type VerdictLine } from './verdict-line.ts'

/** Location of a line, from which it can be read again individually. */
export interface LinePlace {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** Result of a sample's answer, without its text. */
export type Standing =
  | { readonly kind: 'failed' }
  | { readonly kind: 'answered' }
  /** A multi-choice answer. */
  | { readonly kind: 'choice'; readonly correct: boolean }
  | { readonly kind: 'judged'; readonly correct: boolean; readonly score: number }
  | { readonly kind: 'events'; readonly recall: EventCount; readonly precision: EventCount }

/** A sample of a run as indexed in memory; its text remains in the file. */
export interface IndexedSample {
  readonly key: string
  readonly dataset: string
  readonly place: LinePlace
  readonly standing: Standing
  readonly verdict: LinePlace | null
  /** Version of the Python program that wrote the line. */
  readonly upstream?: UpstreamVersion | undefined
  /** What the data set's tables are grouped by: AutoDQ's `n_subjects`, `n_shots` and `n_events`, or {@link videoMmeLabels}. */
  readonly labels: Readonly<Record<string, unknown>>
}

export interface RunIndex {
  /** In the order of the files. If a key occurs several times, the first line counts: see {@link addFirst}. */
  readonly samples: readonly IndexedSample[]
  readonly byKey: ReadonlyMap<string, IndexedSample>
  readonly broken: { readonly count: number; readonly first: readonly string[] }
  /** Name of the judge, by data set. */
  readonly judges: ReadonlyMap<string, string>
}

const SHOWN_BROKEN = 5

/** Indexes a run's files in one pass, with one line in memory at a time. Throws as `readJsonLines` does. */
export async function indexRun(files: RunFiles, signal: AbortSignal): Promise<RunIndex> {
  const broken = new Broken()
  const verdicts = await readVerdicts(files, broken, signal)
  const byKey = new Map<string, IndexedSample>()
  const judges = new Map<string, string>()
  for (const { path } of files.predictions) {
    for await (const read of readJsonLines(path, signal)) {
      const prediction = read.kind === 'broken' ? read : parsePrediction(read.value)
      if (read.kind === 'broken' || 'reason' in prediction) {
        broken.add(read.file, read.line, 'reason' in prediction ? prediction.reason : '')
        continue
      }
      const name = setOf(prediction.dataset)
      const found = verdictOn(prediction, verdicts)
      const sample: IndexedSample = {
        key: prediction.key,
        dataset: prediction.dataset,
        place: { file: read.file, offset: read.offset, length: read.length },
        standing: standingOf(prediction, found?.line ?? null),
        verdict: found?.place ?? null,
        ...(prediction.upstream && { upstream: prediction.upstream }),
        labels: labelsOf(prediction),
      }
      if (found?.line.judge) judges.set(name, found.line.judge)
      addFirst(byKey, sample)
    }
  }
  return { samples: [...byKey.values()], byKey, broken, judges }
}

/** Reads indexed lines again. Throws `bench-damaged` if a file has changed since it was indexed. */
export async function readPlaces(places: readonly LinePlace[]): Promise<unknown[]> {
  const values = new Map<LinePlace, unknown>()
  for (const path of new Set(places.map(({ file }) => file))) {
    await using handle = await open(path).catch((cause: unknown) => {
      throw changed(path, cause)
    })
    for (const place of places) {
      if (place.file !== path) continue
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(place.length), 0, place.length, place.offset)
      try {
        values.set(place, parsePythonJson(new TextDecoder().decode(buffer.subarray(0, bytesRead))))
      } catch (cause) {
        throw changed(path, cause)
      }
    }
  }
  return places.map((place) => values.get(place))
}

export async function readSamples(samples: readonly IndexedSample[]): Promise<Prediction[]> {
  const values = await readPlaces(samples.map(({ place }) => place))
  return values.map((value, i) => {
    const prediction = parsePrediction(value)
    const sample = samples[i]
    if (!('reason' in prediction) && prediction.key === sample?.key) return prediction
    throw changed(sample?.place.file ?? 'The file', 'reason' in prediction ? prediction.reason : 'it contains another sample')
  })
}

/** Returns a data set's name without its sub task. */
export function setOf(dataset: string): string {
  return dataset.split('/', 1)[0] ?? dataset
}

interface FoundVerdict {
  readonly line: VerdictLine
  /** Identifies the judged answer; null if unknown. */
  readonly answer: string | null
  readonly place: LinePlace
}

/** Returns the verdict on a prediction; undefined if there is none, or only one on an earlier answer to the sample. */
function verdictOn(prediction: Prediction, verdicts: ReadonlyMap<string, FoundVerdict>): FoundVerdict | undefined {
  const { key, dataset, idx } = prediction
  const found = verdicts.get(key) ?? verdicts.get(evalIdOf(prediction)) ?? verdicts.get(`${setOf(dataset)}-${idx}`)
  return found && (found.answer === null || found.answer === answerId(prediction.prediction ?? '')) ? found : undefined
}

/** Identifies an answer in little memory. AutoDQ's records have it in lower case. */
function answerId(answer: string): string {
  return createHash('sha256').update(answer.toLowerCase()).digest('base64')
}

/**
 * Reads verdicts by key. A line without a key is found by its `idx`, which upstream builds from data set and number, and by `NAME-idx`, where NAME
 * comes from the name of its file.
 */
async function readVerdicts(files: RunFiles, broken: Broken, signal: AbortSignal): Promise<Map<string, FoundVerdict>> {
  const verdicts = new Map<string, FoundVerdict>()
  for (const { path } of files.verdicts) {
    const name = verdictsName(path)
    for await (const read of readJsonLines(path, signal)) {
      const line = read.kind === 'broken' ? null : parseVerdict(read.value)
      if (read.kind === 'broken' || line === null) {
        broken.add(path, read.line, read.kind === 'broken' ? read.reason : 'not a verdict')
        continue
      }
      const found = {
        line: withoutWords(line),
        answer: line.answer === null ? null : answerId(line.answer),
        place: { file: read.file, offset: read.offset, length: read.length },
      }
      for (const key of line.key === null ? [`${line.idx}`, `${name}-${line.idx}`] : [line.key]) verdicts.set(key, found)
    }
  }
  return verdicts
}

/** Keeps only the fields that lists need; texts are read again on demand. */
function withoutWords(line: VerdictLine): VerdictLine {
  if (line.kind !== 'events') return { ...line, reason: '', answer: null }
  return { ...line, answer: null, recall: { count: line.recall.count, events: [] }, precision: { count: line.precision.count, events: [] } }
}

function standingOf(prediction: Prediction, verdict: VerdictLine | null): Standing {
  if (prediction.prediction === null) return { kind: 'failed' }
  const set = dataSetOf(prediction.dataset)
  if (set?.metric === 'multi-choice') {
    const correct = judgeChoice(prediction, lowestDigit(prediction))
    return correct === null ? { kind: 'failed' } : { kind: 'choice', correct }
  }
  if (verdict === null || verdict.kind === 'none') return { kind: 'answered' }
  if (verdict.kind === 'judged') return { kind: 'judged', correct: verdict.correct, score: verdict.score }
  return { kind: 'events', recall: verdict.recall.count, precision: verdict.precision.count }
}

/** Returns the lowest digit accepted as an option. Version 1 of the Python program and its Video-MME rules do not accept 0. */
export function lowestDigit({ dataset, upstream }: Pick<Prediction, 'dataset' | 'upstream'>): 0 | 1 {
  return upstream === 1 || setOf(dataset) === VIDEO_MME ? 1 : 0
}

/** Returns a score from 0 to 1; null if unknown. */
export function scoreOf(standing: Standing): number | null {
  switch (standing.kind) {
    case 'choice':
      return standing.correct ? 1 : 0
    case 'judged':
      return Math.min(1, Math.max(0, standing.score / 5))
    case 'events':
      return f1OfCounts(standing.recall, standing.precision)
    case 'failed':
    case 'answered':
      return null
    default:
      return assertNever(standing, 'standing')
  }
}

function labelsOf(prediction: Prediction): IndexedSample['labels'] {
  const set = dataSetOf(prediction.dataset)
  if (set?.dataset === VIDEO_MME) return videoMmeLabels(prediction)
  if (set?.metric !== 'autodq') return none
  const { n_subjects, n_shots, n_events } = prediction.extraInfo
  return { n_subjects, n_shots, n_events }
}

const none = {}

class Broken {
  count = 0
  readonly first: string[] = []

  add(file: string, line: number, reason: string): void {
    this.count++
    if (this.first.length < SHOWN_BROKEN) this.first.push(`${file}:${line}: ${reason}`)
  }
}

function changed(path: string, cause: unknown): TarsierError {
  return new TarsierError('bench-damaged', `${path} was changed while it was open. Open the run again.`, { cause })
}
