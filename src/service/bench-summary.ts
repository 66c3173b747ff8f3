import { dirname } from 'node:path'
import { dataSetOf } from '../bench/datasets.ts'
import { lastChange } from '../bench/explore/run-files.ts'
import { type IndexedSample, setOf } from '../bench/explore/run-index.ts'
import { readReports, tablesOf } from '../bench/explore/run-tables.ts'
import { readJsonLines } from '../bench/json-lines.ts'
import { groupBy } from '../bench/metrics/group-by.ts'
import type { Prediction } from '../bench/prediction.ts'
import type { EvalReport } from '../bench/report/eval-report.ts'
import { infoLines, judgeText } from '../bench/report/run-info.ts'
import { parsePrediction } from '../bench/run/read-predictions.ts'
import { readSettings } from '../bench/run/run-settings.ts'
import { type BenchDetail, type BenchRun, type BenchRunSummary, type BenchSet, sampleStates } from '../shared/contract/bench.ts'
import { isAbort } from '../shared/errors.ts'
import { countBy, stateOf } from './bench-rows.ts'
import { type BenchRunFolder, type OpenRun, runName } from './bench-runs.ts'

const never = new AbortController().signal

/** Summarises a run for lists, without indexing it. */
export async function summaryOf(run: BenchRunFolder): Promise<BenchRunSummary> {
  const [reports, firsts] = await Promise.all([readReports(run.files), firstPredictions(run)])
  const names = new Set([...firsts.map(({ dataset }) => setOf(dataset)), ...reports.keys()])
  return {
    ...headOf(run),
    model: modelAmong(firsts),
    sets: [...names].map((name) => ({ name, headline: reports.get(name)?.headline ?? [] })),
  }
}

/** Returns the model of a run; null if its predictions do not name one. */
export async function modelOfRun(run: BenchRunFolder): Promise<string | null> {
  return modelAmong(await firstPredictions(run))
}

/** Returns a run with its tables. */
export async function wholeRun(run: OpenRun): Promise<BenchRun> {
  const reports = await readReports(run.files)
  const groups = groupBy(run.index.samples, ({ dataset }) => setOf(dataset))
  const sets = await Promise.all([...groups].map(([name, samples]) => setWith(run, name, samples, reports.get(name) ?? null)))
  return { ...headOf(run), model: await modelOfRun(run), sets, broken: run.index.broken }
}

function headOf(run: BenchRunFolder) {
  return { id: run.id, name: runName(run), place: run.directory, opened: run.opened, changed: lastChange(run.files) }
}

async function setWith(run: OpenRun, name: string, samples: readonly IndexedSample[], report: EvalReport | null): Promise<BenchSet> {
  const body = report ?? tablesOf(name, samples)
  return {
    name,
    metric: dataSetOf(name)?.metric ?? null,
    tasks: [...new Set(samples.map(({ dataset }) => dataset))].sort(),
    counts: countBy(sampleStates, samples, ({ standing }) => stateOf(standing)),
    headline: body?.headline ?? [],
    tables: body?.tables ?? [],
    judge: report?.judge ? judgeText(report.judge) : (run.index.judges.get(name) ?? null),
    evaluated: report?.evaluated ?? null,
    settings: [...(await settingsOf(samples)), ...(report ? infoLines(report.run, null).map(([name, value]) => ({ name, value })) : [])],
  }
}

/** Reads the settings of a run from `run.json` next to its predictions. */
async function settingsOf(samples: readonly IndexedSample[]): Promise<BenchDetail[]> {
  const [first] = samples
  if (!first) return []
  try {
    const settings = (await readSettings(dirname(first.place.file))) ?? {}
    return Object.entries(settings).map(([name, value]) => ({ name, value: typeof value === 'string' ? value : JSON.stringify(value) }))
  } catch (error) {
    if (isAbort(error)) throw error
    return [{ name: 'settings', value: 'run.json cannot be read' }]
  }
}

/** Returns the first usable prediction of each file. */
async function firstPredictions({ files }: BenchRunFolder): Promise<Prediction[]> {
  const found = await Promise.all(files.predictions.map(({ path }) => firstOf(path)))
  return found.flatMap((prediction) => (prediction ? [prediction] : []))
}

async function firstOf(path: string): Promise<Prediction | null> {
  try {
    for await (const read of readJsonLines(path, never)) {
      const prediction = read.kind === 'broken' ? null : parsePrediction(read.value)
      if (prediction && !('reason' in prediction) && (prediction.used || prediction.error === null)) return prediction
    }
  } catch (error) {
    if (isAbort(error)) throw error // a missing file is reported when the run is opened
  }
  return null
}

function modelAmong(predictions: readonly Prediction[]): string | null {
  const names = new Set(predictions.flatMap(({ used }) => (used ? [used.model] : [])))
  return names.size === 0 ? null : [...names].join(', ')
}
