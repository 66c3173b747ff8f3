import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { dataSetOf } from '../bench/datasets.ts'
import { evaluate } from '../bench/evaluate.ts'
import { createJudge, parseJudge } from '../bench/judges/create-judge.ts'
import type { Judge } from '../bench/judges/judge.ts'
import { RULE_JUDGE } from '../bench/moving-shapes/rule.ts'
import { plainReport, saveReport } from '../bench/report/save-report.ts'
import { findPredictions } from '../bench/run/find-predictions.ts'
import { type MergedSet, mergePredictions } from '../bench/run/merge.ts'
import type { Metric } from '../bench/sample.ts'
import { tarsierHome } from '../engine/home.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import { brokenLineError, tellError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { oneLine, printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'

interface EvalOptions {
  readonly judge?: string
  readonly parallel: number
  readonly metric?: Metric
  readonly json?: boolean
}

const metrics: readonly Metric[] = ['autodq', 'cider', 'multi-choice', 'open-ended']

export function addBenchEval(bench: Command, run: RunCommand): void {
  const command = bench
    .command('eval')
    .summary('score predictions')
    .description(
      'Scores predictions of "tarsier bench run" or of the Python program by the metric of their data set and prints the tables as the latter does.\n' +
        'Saved in the folder eval_records beside the predictions, as text, JSON, CSV and a page of HTML.',
    )
    .argument('<path...>', 'files of predictions, or folders of them; each path is scored by itself')
    .option(
      '--judge <who>',
      'who judges descriptions and open answers: openai[:MODEL], azure[:DEPLOYMENT], or local:PATH.gguf without a network.\n' +
        'moving-shapes alone can be judged by "rule", without a model (its default).\n' +
        'Keys come from the environment: OPENAI_API_KEY, OPENAI_BASE_URL; AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT, OPENAI_API_VERSION;\n' +
        'and so do proxies: HTTPS_PROXY, HTTP_PROXY, NO_PROXY',
      judgeOption,
    )
    .option('--parallel <n>', 'samples judged at a time, 1 to 64', parseParallel, 8)
    .addOption(metricOption(bench))
    .option('--json', "one line of JSON a data set instead of the tables: the report's figures")
    .addHelpText(
      'after',
      `
Verdicts are kept: the same again judges only what is missing or failed.
Exit status: 0 all scored, 1 a line is broken or a data set could not be scored, 2 wrong usage, 130 stopped by Ctrl-C.

Examples:
  tarsier bench eval runs/demo
  tarsier bench eval runs/tarsier2/dream --judge openai:gpt-4o-mini
  tarsier bench eval predictions.jsonl --judge local:qwen2.5-7b-instruct-q4_k_m.gguf`,
    )
  command.action((paths: string[], options: EvalOptions) => run((signal) => evaluatePaths(paths, options, signal)))
}

function metricOption(bench: Command) {
  return bench
    .createOption('--metric <name>', 'how a data set of your own is scored; those that are known have their metric')
    .choices(metrics)
}

/** The judge as it was given: what is wrong with its name is said before anything is read. */
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
  const progress = new ProgressLine(process.stderr)
  await using judges = new LazyJudge(options, signal)
  let failed = false
  const fail = (error: unknown, subject: string) => {
    if (isAbort(error)) throw error
    failed = true
    progress.clear()
    tellError(error, subject)
  }
  for (const path of paths) {
    let sets: readonly MergedSet[] = []
    try {
      const { sets: found, broken } = await mergePredictions(await findPredictions(path), signal)
      sets = found
      for (const line of broken) fail(brokenLineError(line), line.file)
    } catch (error) {
      fail(error, path)
    }
    const folder = sets.length > 0 && (await stat(path)).isDirectory() ? path : dirname(path)
    for (const set of sets) {
      try {
        await evaluateSet(set, { folder, options, judges, progress, signal })
      } catch (error) {
        fail(error, set.name)
      }
    }
  }
  progress.clear()
  return failed ? exitCodes.failed : exitCodes.done
}

interface Surroundings {
  readonly folder: string
  readonly options: EvalOptions
  readonly judges: LazyJudge
  readonly progress: ProgressLine
  readonly signal: AbortSignal
}

async function evaluateSet({ name, predictions }: MergedSet, { folder, options, judges, progress, signal }: Surroundings): Promise<void> {
  progress.begin(`scoring ${name}`)
  const answers = [...predictions.values()]
  const metric = dataSetOf(answers[0]?.dataset ?? '')?.metric ?? options.metric
  const judge = metric === 'autodq' || metric === 'open-ended' ? await judges.get() : null
  const report = await evaluate(answers, {
    folder,
    judge,
    metric: options.metric,
    parallel: options.parallel,
    onProgress: ({ title, detail }) => progress.detail(`${name}: ${title}${detail ? ` ${detail}` : ''}`),
    signal,
  })
  const saved = await saveReport(report, folder)
  progress.clear()
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : `${printable(`${heading(report.text, report.dataset)}${plainReport(report)}`)}\n`,
  )
  process.stderr.write(`${oneLine(saved.join(', '))}\n`)
}

/** Some of upstream's texts begin with their own heading. */
function heading(text: string, dataset: string): string {
  return text.startsWith('=====') ? '' : `=====${dataset} Evaluation Summary=====\n`
}

/** A judge is called in for the first data set that needs one: a local one takes its time to load. */
class LazyJudge implements AsyncDisposable {
  readonly #options: EvalOptions
  readonly #signal: AbortSignal
  #judge: Promise<Judge> | null = null

  constructor(options: EvalOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Null where nobody is named, and for the rule, which is no model: it judges moving-shapes, and nothing else. */
  async get(): Promise<Judge | null> {
    const { judge } = this.#options
    if (judge === undefined || judge === RULE_JUDGE) return null
    this.#judge ??= createJudge({ judge, cache: join(tarsierHome(), 'cache', 'verdicts.jsonl'), signal: this.#signal })
    return this.#judge
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const judge = await this.#judge?.catch(() => null) // told to whoever asked for it
    await judge?.[Symbol.asyncDispose]()
  }
}
