import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type DataSet, dataSetOf, resolveNames } from '../bench/datasets.ts'
import { evaluate } from '../bench/evaluate.ts'
import { createJudge, parseJudge } from '../bench/judges/create-judge.ts'
import type { Judge } from '../bench/judges/judge.ts'
import { RULE_JUDGE } from '../bench/moving-shapes/rule.ts'
import type { UpstreamVersion } from '../bench/prediction.ts'
import type { EvalReport } from '../bench/report/eval-report.ts'
import { plainReport, saveReport } from '../bench/report/save-report.ts'
import { findPredictions } from '../bench/run/find-predictions.ts'
import { type MergedSet, mergePredictions } from '../bench/run/merge.ts'
import type { Metric } from '../bench/sample.ts'
import type { SampleOutcome } from '../bench/sample-outcome.ts'
import { tarsierHome } from '../platform/home.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { oneLine, printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { parseCount } from './run-text.ts'

interface EvalOptions {
  readonly judge?: string
  readonly parallel: number
  readonly metric?: Metric
  readonly benchmarks?: string[]
  readonly sampleNum?: number
  readonly rules?: UpstreamVersion
  readonly verbose?: boolean
  readonly json?: boolean
}

const metrics: readonly Metric[] = ['autodq', 'cider', 'multi-choice', 'open-ended', 'check']

export function addBenchEval(bench: Command, run: RunCommand): void {
  const command = bench
    .command('eval')
    .summary('score predictions')
    .description(
      'Scores predictions of "tarsier bench run" or of the Python program by the metric of their data set and prints the tables as the latter does.\n' +
        'Saves the tables in the folder eval_records next to the predictions, as text, JSON, CSV and an HTML page. They replace those of an earlier\n' +
        'evaluation, but not files of other programs, such as the text of the Python program: the new one then has -tarsier in its name.',
    )
    .argument('<path...>', 'prediction files or folders of them; each path is scored separately')
    .option(
      '--judge <who>',
      'judge for descriptions and open answers: openai[:MODEL], azure[:DEPLOYMENT], or local:PATH.gguf (offline).\n' +
        'Only moving-shapes can be judged by "rule", without a model (its default).\n' +
        'Keys are read from the environment: OPENAI_API_KEY, OPENAI_BASE_URL; AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT,\n' +
        'OPENAI_API_VERSION. Proxies are read from HTTPS_PROXY, HTTP_PROXY, NO_PROXY',
      judgeOption,
    )
    .option('--parallel <n>', 'number of samples judged in parallel, 1 to 64', parseParallel, 8)
    .option(
      '--benchmarks <names...>',
      'score only these: data sets (tvbench), groups (dream, caption, mc_qa, oe_qa, moving-shapes, check) or all',
    )
    .option('--sample-num <n>', 'score n samples of each data set; the selection is always the same (default: all)', (text) =>
      parseCount(text, 1e9),
    )
    .addOption(metricOption(bench))
    .addOption(rulesOption(bench))
    .option('--verbose', 'print a line for every sample before the tables: score, answer and reference')
    .option('--json', 'print the figures as one line of JSON per data set instead of the tables')
    .addHelpText(
      'after',
      `
Without --judge, data sets that need a judge are listed as not judged, and the others are scored. If a sample has several lines, the
first one counts, as in the Python program; the number of ignored lines is reported. Verdicts are saved: running the command again
judges only missing and failed samples.

Exit status: 0 scored, even if some data sets are listed as not judged; 1 a line is invalid, a data set could not be scored, or
none was scored; 2 invalid usage; 130 stopped by Ctrl-C.

Examples:
  tarsier bench eval runs/demo
  tarsier bench eval runs/tarsier2/dream --judge openai:gpt-4o-mini
  tarsier bench eval runs/tarsier2 --benchmarks mc_qa caption --verbose
  tarsier bench eval predictions.jsonl --judge local:qwen2.5-7b-instruct-q4_k_m.gguf`,
    )
  command.action((paths: string[], options: EvalOptions) => run((signal) => evaluatePaths(paths, options, signal)))
}

function metricOption(bench: Command) {
  return bench.createOption('--metric <name>', 'metric for your own data set; known data sets have a fixed metric').choices(metrics)
}

function rulesOption(bench: Command) {
  return bench
    .createOption(
      '--rules <version>',
      'version of the Python program, 1 or 2, whose rules are used to parse options and to average MVBench\n(default: the version of the lines, otherwise 2)',
    )
    .argParser((text): UpstreamVersion => {
      if (text === '1' || text === '2') return text === '1' ? 1 : 2
      throw new InvalidArgumentError('It must be 1 or 2.')
    })
}

/** Validates the judge's name before anything is read. */
function judgeOption(text: string): string {
  try {
    if (text !== RULE_JUDGE) parseJudge(text)
    return text
  } catch (error) {
    throw new InvalidArgumentError(error instanceof TarsierError ? error.message : String(error))
  }
}

function parseParallel(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 64) throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
  return number
}

async function evaluatePaths(paths: readonly string[], options: EvalOptions, signal: AbortSignal): Promise<ExitCode> {
  const wanted = options.benchmarks ? resolveNames(options.benchmarks) : null
  const output = new EvalOutput()
  await using judges = new LazyJudge(options, signal)
  for (const path of paths) {
    let sets: readonly MergedSet[] = []
    try {
      sets = await readSets(path, wanted, output, signal)
    } catch (error) {
      output.fail(error, path)
    }
    const folder = sets.length > 0 && (await stat(path)).isDirectory() ? path : dirname(path)
    for (const set of sets) {
      try {
        await evaluateSet(set, { folder, options, judges, output, signal })
      } catch (error) {
        output.fail(error, set.name)
      }
    }
  }
  return output.end()
}

/** Reads the selected data sets. Throws `nothing-found` if none of them is present. */
async function readSets(
  path: string,
  wanted: readonly DataSet[] | null,
  output: EvalOutput,
  signal: AbortSignal,
): Promise<readonly MergedSet[]> {
  const { files, passedOver } = await findPredictions(path)
  if (passedOver.length > 0) output.say(`${path}: skipped because they contain no predictions: ${passedOver.join(', ')}`)
  const { sets, broken } = await mergePredictions(files, signal, 'first')
  for (const line of broken) output.fail(brokenLineError(line), line.file)
  const names = wanted?.map(({ name }) => name)
  const chosen = sets.filter(({ name }) => names?.includes(name) ?? true)
  if (names && chosen.length === 0 && sets.length > 0)
    throw new TarsierError(
      'nothing-found',
      `${path} contains no predictions of ${names.join(', ')}, only of ${sets.map(({ name }) => name).join(', ')}.`,
    )
  return chosen
}

interface Surroundings {
  readonly folder: string
  readonly options: EvalOptions
  readonly judges: LazyJudge
  readonly output: EvalOutput
  readonly signal: AbortSignal
}

async function evaluateSet(
  { name, predictions, duplicates }: MergedSet,
  { folder, options, judges, output, signal }: Surroundings,
): Promise<void> {
  output.progress.begin(`scoring ${name}`)
  if (duplicates.first !== null) output.say(duplicateText(name, duplicates.count, duplicates.different, duplicates.first))
  const all = [...predictions.values()]
  const { sampleNum = all.length, metric, rules, parallel } = options
  const answers = drawSamples(all, sampleNum)
  const known = dataSetOf(answers[0]?.dataset ?? '')?.metric ?? metric
  const judge = known === 'autodq' || known === 'open-ended' ? await judges.get() : null
  const scored: SampleOutcome[] = []
  let report: EvalReport
  try {
    report = await evaluate(answers, {
      folder,
      judge,
      metric,
      rules,
      parallel,
      onProgress: ({ title, detail }) => output.progress.detail(`${name}: ${title}${detail ? ` ${detail}` : ''}`),
      onSample: (outcome) => scored.push(outcome),
      signal,
    })
  } catch (error) {
    if (judge !== null || !(error instanceof TarsierError) || error.code !== 'judge-unavailable') throw error
    output.notJudged(name, error, options)
    return
  }
  const whole = {
    ...report,
    ...(duplicates.count > 0 && { duplicates: duplicates.count }),
    ...(answers.length < all.length && { drawnFrom: all.length }),
  }
  const { paths, kept } = await saveReport(whole, folder)
  output.scored(whole, options.verbose === true ? scored : [], options)
  if (kept.length > 0) output.say(`${kept.join(', ')}: kept, because another program wrote it; the report has another name`)
  process.stderr.write(`${oneLine(paths.join(', '))}\n`)
}

function duplicateText(name: string, count: number, different: number, { place, counts }: { place: string; counts: string }): string {
  const others = different === 0 ? 'all with the same answer' : `${different} with a different answer`
  return `${name}: ${count} ${count === 1 ? 'line repeats' : 'lines repeat'} a sample, ${others}, and ${count === 1 ? 'is' : 'are'} left out: the first line counts, as in the Python program (${place} after ${counts})`
}

/** Writes tables to stdout, and everything else to stderr. */
class EvalOutput {
  readonly progress = new ProgressLine(process.stderr)
  #failed = false
  #scored = 0
  #notJudged = 0

  say(text: string): void {
    this.progress.clear()
    process.stderr.write(`tarsier: ${oneLine(text)}\n`)
  }

  fail(error: unknown, subject: string): void {
    if (isAbort(error)) throw error
    this.#failed = true
    this.progress.clear()
    printError(error, subject)
  }

  /** Reports a data set that needs a judge but has none; this alone does not make the command fail. */
  notJudged(name: string, error: unknown, { json }: EvalOptions): void {
    this.#notJudged++
    this.progress.clear()
    if (!json) process.stdout.write(`${oneLine(name)}: not judged\n`)
    printError(error, name)
  }

  scored(report: EvalReport, samples: readonly SampleOutcome[], { json }: EvalOptions): void {
    this.#scored++
    this.progress.clear()
    const lines = samples.map((sample) => `${outcomeLine(sample)}\n`).join('')
    // With --json, stdout has one line per data set.
    if (json) process.stderr.write(lines)
    else process.stdout.write(lines)
    process.stdout.write(
      json ? `${JSON.stringify(report)}\n` : `${printable(`${heading(report.text, report.dataset)}${plainReport(report)}`)}\n`,
    )
  }

  end(): ExitCode {
    this.progress.clear()
    return this.#failed || (this.#scored === 0 && this.#notJudged > 0) ? exitCodes.failed : exitCodes.done
  }
}

function outcomeLine({ prediction: { key, begun, prediction, reference }, text }: SampleOutcome): string {
  const answer = prediction === null ? [] : [`answer: ${JSON.stringify(`${begun}${prediction}`)}`]
  return oneLine([`${key}: ${text}`, ...answer, `reference: ${JSON.stringify(reference)}`].join('; '))
}

/** Returns a heading, unless upstream's text already has one. */
function heading(text: string, dataset: string): string {
  return text.startsWith('=====') ? '' : `=====${dataset} Evaluation Summary=====\n`
}

/** Creates the judge for the first data set that needs one, since a local judge takes a while to load. */
class LazyJudge implements AsyncDisposable {
  readonly #options: EvalOptions
  readonly #signal: AbortSignal
  #judge: Promise<Judge> | null = null

  constructor(options: EvalOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Null if no judge is given, and for `rule`, which is not a model and judges only moving-shapes. */
  async get(): Promise<Judge | null> {
    const { judge } = this.#options
    if (judge === undefined || judge === RULE_JUDGE) return null
    this.#judge ??= createJudge({ judge, cache: join(tarsierHome(), 'cache', 'verdicts.jsonl'), signal: this.#signal })
    return this.#judge
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const judge = await this.#judge?.catch(() => null) // reported to the caller of `get`
    await judge?.[Symbol.asyncDispose]()
  }
}

/**
 * Draws `count` samples of a data set, in their order; all if there are no more than that. The choice depends only on the keys, so that repeated
 * draws give the same samples and reuse their verdicts, and a smaller draw is a subset of a larger one.
 */
function drawSamples<T extends { readonly key: string }>(samples: readonly T[], count: number): readonly T[] {
  if (count >= samples.length) return samples
  const ranked = samples
    .map(({ key }) => ({ key, rank: createHash('sha256').update(key).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const drawn = new Set(ranked.slice(0, count).map(({ key }) => key))
  return samples.filter(({ key }) => drawn.has(key))
}
