import type { Command } from 'commander'
import type { EngineClient, EstimateRequest, ModelFacts } from '../engine/engine-client.ts'
import { startEngineHost } from '../engine/host/host-client.ts'
import { exists, planSidecars, refuseExisting, writeSidecar } from '../service/sidecar.ts'
import { findClips } from '../service/walk.ts'
import type { Answer } from '../shared/engine-events.ts'
import { isAbort, TarsierError } from '../shared/errors.ts'
import type { Estimate } from '../shared/estimate.ts'
import { type EstimateLine, estimateLine, estimateText } from './describe-estimate.ts'
import { checkListOptions, describeList, type ListOptions, listOptions } from './describe-from.ts'
import { answerLine, type DescribeLine, failureLine } from './describe-line.ts'
import { tellError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { expandPatterns } from './expand-patterns.ts'
import type { RunCommand } from './interrupt.ts'
import { type ClipOptions, frameOptions, modelOptions, promptOption, type WordOptions, wordOptions } from './options.ts'
import { oneLine, printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { clipRequest, engineOptions, samplingOf } from './requests.ts'
import { summaryOf } from './summary.ts'

interface DescribeOptions extends ClipOptions, WordOptions, ListOptions {
  readonly prompt?: string
  readonly json?: boolean
  readonly sidecar?: 'txt'
  readonly skipExisting?: boolean
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  readonly fit?: boolean
}

export function addDescribe(program: Command, run: RunCommand): void {
  const command = program
    .command('describe')
    .summary('describe videos and pictures')
    .description(
      'Describes each video or picture in words. Folders are walked to the bottom.\n' +
        'Descriptions go to stdout, progress and errors to stderr. A file that fails does not stop the others.',
    )
    .argument('[path...]', 'files or folders')
  for (const option of [...modelOptions(), ...frameOptions(), promptOption(), ...wordOptions()]) command.addOption(option)
  command.addOption(
    command
      .createOption('--fit', 'where a clip does not fit: look at fewer pixels, then at fewer frames, and say so (default: it is refused)')
      .helpGroup('Frames:'),
  )
  for (const option of listOptions()) command.addOption(option)
  command
    .optionsGroup('Output:')
    .addOption(
      command
        .createOption('--dry-run', 'only say what each clip would cost: tokens, memory, seconds; nothing is decoded')
        .conflicts(['sidecar', 'skipExisting', 'overwrite']),
    )
    .option('--json', 'one line of JSON a clip instead of plain text; a failed clip gives {"file","error":{"code","message"}}')
    .addOption(
      command
        .createOption('--sidecar <extension>', 'also write each description beside its clip: clip.mp4 gives clip.txt')
        .choices(['txt']),
    )
    .option('--skip-existing', 'with --sidecar: leave out clips whose text is there already')
    .addOption(
      command
        .createOption('--overwrite', 'with --sidecar: write texts anew that are there already (default: such a clip fails)')
        .conflicts('skipExisting'),
    )
    .addHelpText(
      'after',
      `
Exit status: 0 all done, 1 a file failed, 2 wrong usage, 130 stopped by Ctrl-C.

Examples:
  tarsier describe clip.mp4
  tarsier describe holiday/ --sidecar txt --skip-existing
  tarsier describe clip.mp4 --start 60 --end 90 --frames 8 --json
  tarsier describe clip.mp4 --frames 64 --dry-run
  tarsier describe clip.mp4 -p "What happens first?"
  tarsier describe --from clips.jsonl --out captions.jsonl --shard 1/4`,
    )
    .action((paths: string[], options: DescribeOptions) => {
      if (options.sidecar === undefined && (options.skipExisting || options.overwrite)) {
        command.error("error: options '--skip-existing' and '--overwrite' need '--sidecar txt'")
      }
      checkListOptions(command, paths, options)
      const { from, out } = options
      if (from !== undefined && out !== undefined) return run((signal) => describeList(from, out, options, signal))
      return run((signal) => describeClips(paths, options, signal))
    })
}

/** One clip to describe, or to report as failed, and where its text goes. */
interface Job {
  readonly file: string
  readonly error?: TarsierError
  readonly sidecar: string | null
}

async function describeClips(paths: readonly string[], options: DescribeOptions, signal: AbortSignal): Promise<ExitCode> {
  const jobs = await planJobs(paths, options, signal)
  const output = new DescribeOutput(options, jobs.length > 1)
  const pending = jobs.some((job) => !job.error)
  await using client = startEngineHost(engineOptions(options))
  let facts: ModelFacts | null = null
  if (pending) {
    output.progress.begin('loading the model')
    try {
      facts = await client.load(signal)
    } catch (error) {
      if (isAbort(error)) throw error
      output.modelFailed(jobs, error)
      return exitCodes.failed
    }
    if (facts.summary) output.progress.note(`${facts.name}: ${facts.summary}`)
  }
  for (const [i, job] of jobs.entries()) {
    signal.throwIfAborted()
    if (job.error || !facts) {
      output.failed(job.file, job.error)
      continue
    }
    output.begin(job.file, `${jobs.length > 1 ? `[${i + 1}/${jobs.length}] ` : ''}${job.file}`)
    try {
      if (options.dryRun) {
        output.estimated(job.file, facts.name, await client.estimate(estimateRequest(job.file, options, facts.defaults), signal))
        continue
      }
      const answer = await answerFor(job, client, facts, options, output, signal)
      if (job.sidecar !== null) await writeSidecar(job.sidecar, answer.text, { overwrite: options.overwrite === true })
      output.answered(job.file, facts.name, answer)
    } catch (error) {
      if (isAbort(error)) {
        output.interrupted()
        throw error
      }
      output.failed(job.file, error)
    } finally {
      await client.close(job.file)
    }
  }
  return output.anyFailed ? exitCodes.failed : exitCodes.done
}

/** Decides everything that can be decided before the model is loaded: which clips, which are done already, which cannot be. */
async function planJobs(paths: readonly string[], options: DescribeOptions, signal: AbortSignal): Promise<Job[]> {
  const found = await findClips(await expandPatterns(paths), signal)
  if (options.sidecar === undefined) return found.map((item) => ({ ...item, sidecar: null }))
  const sidecars = planSidecars(
    found.flatMap((item) => (item.error ? [] : [item.file])),
    options.sidecar,
  )
  const jobs: Job[] = []
  for (const item of found) {
    const sidecar = sidecars.get(item.file) ?? null
    if (sidecar === null || options.overwrite || !(await exists(sidecar))) jobs.push({ ...item, sidecar })
    else if (!options.skipExisting) jobs.push({ file: item.file, error: refuseExisting(sidecar), sidecar })
  }
  return jobs
}

async function answerFor(
  job: Job,
  client: EngineClient,
  facts: ModelFacts,
  options: DescribeOptions,
  output: DescribeOutput,
  signal: AbortSignal,
): Promise<Answer> {
  const turn = {
    kind: 'ask',
    text: options.prompt,
    clip: { ...clipRequest(job.file, options, facts.defaults), fit: options.fit },
    sampling: samplingOf(options, facts.defaults),
  } as const
  for await (const event of client.answer(job.file, turn, signal)) {
    output.progress.event(event)
    if (event.kind === 'delta') output.delta(event.text)
    else if (event.kind === 'notice') output.notice(job.file, event.text)
    else if (event.kind === 'done') return event.answer
  }
  throw new TarsierError('internal', 'The engine ended without an answer. Please report it.')
}

function estimateRequest(file: string, options: DescribeOptions, defaults: ModelFacts['defaults']): EstimateRequest {
  return {
    clip: { ...clipRequest(file, options, defaults), fit: options.fit },
    text: options.prompt,
    maxTokens: samplingOf(options, defaults).maxTokens,
    measure: true,
  }
}

/** Where results go: plain text or JSON lines on stdout, the rest on stderr. */
class DescribeOutput {
  readonly progress = new ProgressLine(process.stderr)
  readonly #json: boolean
  readonly #headed: boolean
  #file = ''
  #written = ''
  #any = false
  anyFailed = false

  constructor(options: DescribeOptions, headed: boolean) {
    this.#json = options.json === true
    this.#headed = headed
  }

  begin(file: string, title: string): void {
    this.#file = file
    this.#written = ''
    this.progress.begin(title)
  }

  delta(text: string): void {
    if (this.#json) return
    // On one terminal, answer and progress would write over each other.
    if (process.stdout.isTTY) this.progress.hide()
    if (this.#written === '') this.#head()
    this.#written += text
    this.#print(text)
  }

  notice(file: string, text: string): void {
    this.progress.clear()
    process.stderr.write(`tarsier: ${oneLine(file)}: ${oneLine(text)}\n`)
  }

  answered(file: string, model: string, answer: Answer): void {
    if (this.#json) this.#line(answerLine(file, model, answer))
    else {
      // An answer of no words still gets its heading and its line.
      if (this.#written === '') this.#head()
      this.#print('\n')
    }
    this.progress.clear()
    this.progress.note(summaryOf(answer))
  }

  estimated(file: string, model: string, estimate: Estimate): void {
    if (estimate.problem) this.anyFailed = true
    if (this.#json) this.#line(estimateLine(file, model, estimate))
    else {
      this.#head()
      this.#print(`${estimateText(estimate)}\n`)
    }
    this.progress.clear()
    for (const text of estimate.notices) this.notice(file, text)
    if (estimate.problem) tellError(TarsierError.fromData(estimate.problem), file)
  }

  failed(file: string, error: unknown): void {
    this.anyFailed = true
    this.interrupted()
    if (this.#json) this.#line(failureLine(file, error))
    tellError(error, file)
  }

  /** The model could not be loaded: every clip fails for the same reason, said once to people and for each clip to programs. */
  modelFailed(jobs: readonly Job[], error: unknown): void {
    this.progress.clear()
    if (this.#json) for (const job of jobs) this.#line(failureLine(job.file, job.error ?? error))
    for (const job of jobs) if (job.error) tellError(job.error, job.file)
    tellError(error)
  }

  /** Ends a line that stands half written. */
  interrupted(): void {
    this.progress.clear()
    if (!this.#json && this.#written !== '') this.#print('\n')
    this.#written = ''
  }

  #head(): void {
    if (!this.#headed) return
    this.#print(`${this.#any ? '\n' : ''}${this.#file}\n`)
    this.#any = true
  }

  #line(line: DescribeLine | EstimateLine): void {
    this.progress.clear()
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }

  #print(text: string): void {
    process.stdout.write(process.stdout.isTTY ? printable(text) : text)
  }
}
