import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { sideBySide } from '../../engine/models/hub/side-by-side.ts'
import { linesOf } from '../../jobs/sinks/json-lines.ts'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
import { holdLock } from '../../platform/folder-lock.ts'
import { remove } from '../../platform/move.ts'
import type { Progress } from '../../shared/engine-events.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import { type JsonLine, readJsonLines } from '../json-lines.ts'
import type { Judge } from '../judges/judge.ts'
import { openLineFile } from '../line-file.ts'
import type { Prediction } from '../prediction.ts'

export interface JudgingOptions {
  /** Folder for the records of all verdicts (upstream's `eval_records`); created if missing. */
  readonly folder: string
  /** Maximum number of samples judged concurrently. Defaults to 8. */
  readonly parallel?: number | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal: AbortSignal
}

/** A sample without a verdict: it has no prediction, or the judge returned none. */
export interface Unjudged {
  readonly key: string
  readonly dataset: string
  readonly error: { readonly code: string; readonly message: string }
}

export interface Judged<Verdict> {
  /** Name of the judge, printed with every score. */
  readonly judge: string
  /** Names and versions of the prompts, such as `entailment 1`; printed with every score. */
  readonly prompts: readonly string[]
  /** In the order of the predictions; also `failed`. */
  readonly verdicts: readonly Verdict[]
  readonly failed: readonly Unjudged[]
}

/** A prediction with an answer to judge. */
export type Answered = Prediction & { readonly prediction: string }

/** Fields that every record has in addition to its verdict. */
export const recordBase = {
  key: z.string(),
  dataset: z.string(),
  judge: z.string(),
  /** Versions of the judge's prompts, by name. */
  prompts: z.record(z.string(), z.string()),
  /** Always null here; samples without a verdict are in the failures file. */
  error: z.null(),
}

/** The fields of {@link recordBase} for a new record. */
export type RecordBase = z.infer<z.ZodObject<typeof recordBase>>

/** What to judge, and how to store it. `judge` may throw `judge-failed`, which leaves the sample without a verdict. */
export interface Judging<Stored extends RecordBase> {
  /** File of the verdicts. Like upstream's, it has no line for a failed sample. */
  readonly file: string
  /** File of the reasons why samples have no verdict. */
  readonly failuresFile: string
  readonly prompts: readonly { readonly name: string; readonly version: string }[]
  readonly schema: z.ZodType<Stored>
  /** Whether a record is the verdict on this exact answer, with this reference and question. */
  readonly isVerdictOn: (stored: Stored, prediction: Answered) => boolean
  readonly judge: (prediction: Answered, base: RecordBase, signal: AbortSignal) => Promise<Stored>
}

/** A line of the failures file. */
const failureSchema = z.object({
  ...recordBase,
  idx: z.union([z.number(), z.string()]),
  error: z.object({ code: z.string(), message: z.string() }),
})
type Failure = z.infer<typeof failureSchema>

/** Results of judging, by key. */
interface Outcome<Stored> {
  readonly records: ReadonlyMap<string, Stored>
  readonly failures: ReadonlyMap<string, Failure>
}

/** Number of consecutive samples for which the judge is unavailable, after which judging stops. */
const GIVE_UP = 3

/**
 * Judges the samples that have no verdict yet from this judge with these prompts. Returns records and failures by key. Writes each record to its
 * file immediately; only one process may judge in a folder at a time (`bench-busy`). Counts samples on which the judge fails, and judges them again
 * on the next run. Throws `judge-unavailable` if the judge is unavailable for several consecutive samples. `disk-full` and `write-failed` also end
 * the run.
 */
export async function judgeSamples<Stored extends RecordBase>(
  predictions: readonly Prediction[],
  judge: Judge,
  judging: Judging<Stored>,
  { folder, parallel = 8, onProgress, signal }: JudgingOptions,
): Promise<Outcome<Stored>> {
  await using _lock = await lockRecords(folder)
  const records = new Map<string, Stored>()
  /** Lines of other programs and versions, such as the Python program's, whose verdicts do not tell their judge. Kept as they are. */
  const foreign: string[] = []
  const keep = ({ value, text }: JsonLine) => {
    const stored = judging.schema.safeParse(value)
    if (stored.success) records.set(stored.data.key, stored.data)
    else foreign.push(`${text}\n`)
  }
  const failures = new Map<string, Failure>()
  let added = 0
  const prompts = Object.fromEntries(judging.prompts.map(({ name, version }) => [name, version]))
  {
    await using file = await openLineFile(join(folder, judging.file), keep, signal)
    const answered = predictions.filter(isAnswered)
    const isJudged = (prediction: Answered) => {
      const stored = records.get(prediction.key)
      return (
        stored !== undefined && stored.judge === judge.name && sameText(stored.prompts, prompts) && judging.isVerdictOn(stored, prediction)
      )
    }
    const pending = answered.filter((prediction) => !isJudged(prediction))
    let done = answered.length - pending.length
    let unreached = 0
    const report = () => {
      const detail = `${done} of ${answered.length}${failures.size > 0 ? `, ${failures.size} failed` : ''}`
      onProgress?.({ value: answered.length === 0 ? 1 : done / answered.length, title: 'Judging', detail })
    }
    report()
    await sideBySide(pending, parallel, signal, async (prediction, joint) => {
      const { key, dataset, idx } = prediction
      const base = { key, dataset, judge: judge.name, prompts, error: null }
      try {
        const record = await judging.judge(prediction, base, joint)
        unreached = 0
        records.set(key, record)
        await file.add(record)
        added++
      } catch (error) {
        if (isAbort(error) || !(error instanceof TarsierError) || !isOfSample(error)) throw error
        unreached = error.code === 'judge-unavailable' ? unreached + 1 : 0
        if (unreached >= Math.min(GIVE_UP, pending.length)) throw error
        // A verdict on an older answer does not apply to this one.
        if (records.delete(key)) added++
        failures.set(key, { ...base, idx, error: { code: error.code, message: error.message } })
      }
      done++
      report()
    })
  }
  // Write one line per sample, in the order of the predictions, and keep the records of other samples and programs.
  if (added > 0) await replaceFile(folder, judging.file, [...linesOf(inOrder(records, predictions)), ...foreign])
  await writeFailures(folder, judging.failuresFile, predictions, failures, signal)
  return { records, failures }
}

/** Writes the failures of these predictions, and keeps those of others; removes the file if there are none. */
async function writeFailures(
  folder: string,
  name: string,
  predictions: readonly Prediction[],
  failures: ReadonlyMap<string, Failure>,
  signal: AbortSignal,
): Promise<void> {
  const path = join(folder, name)
  const judged = new Set(predictions.map(({ key }) => key))
  const others: Failure[] = []
  if (existsSync(path)) {
    for await (const line of readJsonLines(path, signal)) {
      const failure = line.kind === 'json' ? failureSchema.safeParse(line.value).data : undefined
      if (failure && !judged.has(failure.key)) others.push(failure)
    }
  }
  const lines = [...failures.values(), ...others]
  if (lines.length > 0) await replaceFile(folder, name, linesOf(lines))
  else await remove(path)
}

/** Splits records into verdicts and failures, in the order of the predictions. */
export function judgedFrom<Stored extends RecordBase, Verdict>(
  predictions: readonly Prediction[],
  judge: Judge,
  { prompts }: Pick<Judging<Stored>, 'prompts'>,
  { records, failures }: Outcome<Stored>,
  verdictOf: (stored: Stored, prediction: Answered) => Verdict,
): Judged<Verdict> {
  const verdicts: Verdict[] = []
  const failed: Unjudged[] = []
  for (const prediction of predictions) {
    const { key, dataset } = prediction
    const stored = records.get(key)
    const failure = failures.get(key)
    if (!isAnswered(prediction)) failed.push({ key, dataset, error: prediction.error ?? noAnswer })
    else if (failure) failed.push({ key, dataset, error: failure.error })
    else if (stored) verdicts.push(verdictOf(stored, prediction))
  }
  return { judge: judge.name, prompts: prompts.map(({ name, version }) => `${name} ${version}`), verdicts, failed }
}

const noAnswer = { code: 'bench-damaged', message: 'The sample has no answer. Run it again with --retry-failed.' }

function isAnswered(prediction: Prediction): prediction is Answered {
  return prediction.prediction !== null
}

function isOfSample({ code }: TarsierError): boolean {
  return code === 'judge-failed' || code === 'judge-unavailable'
}

function sameText(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}

function* inOrder<Stored>(records: ReadonlyMap<string, Stored>, predictions: readonly Prediction[]): Generator<Stored, void> {
  const keys = new Set([...predictions.map(({ key }) => key), ...records.keys()])
  for (const key of keys) {
    const stored = records.get(key)
    if (stored !== undefined) yield stored
  }
}

function lockRecords(folder: string): Promise<AsyncDisposable> {
  return holdLock(
    join(folder, '.judging'),
    (holder) =>
      new TarsierError(
        'bench-busy',
        `Another evaluation is writing to ${folder} (process ${holder ?? 'unknown'}). Wait until it is finished, or stop it.`,
        {
          details: { process: holder },
        },
      ),
  ).catch((error: unknown) => {
    throw writeError(folder, error)
  })
}
