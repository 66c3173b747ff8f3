import type { Command } from 'commander'
import type { BrokenLine } from '../bench/json-lines.ts'
import type { ModelUnderTest } from '../bench/run/model-under-test.ts'
import { runBenchmark } from '../bench/run/run-benchmark.ts'
import type { RunEvent, SetResult } from '../bench/run/run-sets.ts'
import { type Selected, selectSamples } from '../bench/run/samples.ts'
import { closeModels, openTarsierModels } from '../bench/run/tarsier-workers.ts'
import { writeUpstream } from '../bench/run/write-upstream.ts'
import { DEMO_MODEL } from '../engine/models/registry.ts'
import { DEFAULT_PER_SERVER } from '../servers/per-server.ts'
import { appVersion } from '../service/version.ts'
import { assertNever, isAbort, TarsierError } from '../shared/errors.ts'
import { samplingSchema } from '../shared/sampling.ts'
import { counted } from '../shared/size-text.ts'
import { addRunOptions, type BenchRunOptions } from './bench-run-options.ts'
import { shareRun } from './bench-run-queue.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Interrupts, RunCommand } from './interrupt.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf } from './requests.ts'
import { progressText } from './run-text.ts'
import { servedModel } from './send-option.ts'
import { checkServerOptions, picturesOf } from './server-options.ts'

const SERVER_FRAMES = 16
/** Interval of progress lines if stderr is not a terminal, in milliseconds. */
const LOG_EVERY_MS = 60_000

export function addBenchRun(bench: Command, run: RunCommand): void {
  const command = bench
    .command('run')
    .summary('run a model on the samples of data sets')
    .description(
      'Runs a model on every sample and appends each answer as a line to OUT/<data set>/predictions.jsonl.\n' +
        'Run the same command again to resume a run that was stopped or killed. Samples that fail are recorded with\n' +
        'the reason, and the run continues. "tarsier bench eval" scores the predictions.',
    )
    .argument(
      '[names...]',
      'data sets (tvbench), groups (dream, caption, mc_qa, oe_qa, moving-shapes, check) or all: every data set in the annotations',
    )
  addRunOptions(command)
  command
    .addHelpText(
      'after',
      `
Exit status: 0 all answered; 1 a sample failed or a line is invalid; 2 invalid usage; 69 the server cannot be reached; 75 another run
is writing to the folder; 130 stopped by Ctrl-C.

Examples:
  tarsier bench run moving-shapes --out runs/demo
  tarsier bench run dream tvbench --annotations annotations/ --videos videos/ -m tarsier2-recap-7b --out runs/recap
  tarsier bench run dream --annotations annotations/ --videos videos/ --engine openai --base-url http://gpu:8000/v1 -m tarsier2-recap-7b --out runs/vllm
  tarsier bench run mc_qa --annotations annotations/ --videos videos/ --engine openai --base-url http://gpu:8000/v1 -m qwen --workers 32 --out runs/qwen`,
    )
    .action((names: string[], options: BenchRunOptions) => {
      if (options.engine === 'openai' && options.model === undefined)
        command.error("error: --engine openai requires '--model <name>', an imported model or the name of a model on the server")
      checkServerOptions(command, options)
      if (
        options.engine === 'openai' &&
        (options.send === 'video' || options.send === 'path') &&
        (options.frames ?? options.sampler ?? options.maxPixels) !== undefined
      )
        command.error(
          `error: with '--send ${options.send}' the server selects frames and pixels; remove --frames, --sampler and --max-pixels`,
        )
      return run((signal, interrupts) => benchRun(names, options, signal, interrupts))
    })
}

async function benchRun(
  names: readonly string[],
  options: BenchRunOptions,
  signal: AbortSignal,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const output = new RunOutput()
  output.progress.begin('reading annotations')
  const selected = await selectSamples({ ...options, names, annotations: options.annotations ?? null }, signal)
  if (options.engine === 'openai' && selected.sets.some(({ dataSet }) => dataSet.metric === 'check'))
    throw new TarsierError('usage', 'Servers do not tell how likely a given text is. Run moving-shapes-check with a local model.')
  output.selected(selected)
  if (options.queue !== undefined) {
    output.progress.clear()
    return await shareRun(selected, options, signal, interrupts)
  }
  output.progress.begin('loading the model')
  const workers = await openWorkers(options, (text) => output.notice(text), signal)
  try {
    const results = await runBenchmark(
      selected,
      {
        out: options.out,
        videos: options.videos ?? null,
        home: homeOf(options),
        workers,
        retryFailed: options.retryFailed === true,
        anew: options.new === true,
      },
      (event) => output.event(event),
      signal,
    )
    output.progress.clear()
    for (const result of results) {
      output.result(result)
      if (options.upstream) process.stdout.write(`${await writeUpstream(result.directory, options.shard, signal)}\n`)
    }
    return output.anyFailed || results.some(({ failed }) => failed > 0) ? exitCodes.failed : exitCodes.done
  } catch (error) {
    if (isAbort(error)) output.stopped()
    throw error
  } finally {
    output.progress.clear()
    await closeModels(workers)
  }
}

/** Opens the parallel workers: separate processes for local models, one client for servers. */
async function openWorkers(
  options: BenchRunOptions,
  onNotice: (text: string) => void,
  signal: AbortSignal,
): Promise<[ModelUnderTest, ...ModelUnderTest[]]> {
  const { frames, sampler, maxPixels, system } = options
  const version = appVersion()
  const { maxTokens, temperature, topP, topK, repeatPenalty, seed } = options
  const sampling = samplingSchema.parse({ maxTokens, temperature, topP, topK, repeatPenalty, seed })
  switch (options.engine) {
    case 'openai': {
      const name = options.model ?? ''
      const several = <Model extends ModelUnderTest>(model: Model, count: number): [Model, ...Model[]] => [
        model,
        ...Array<Model>((options.workers ?? count) - 1).fill(model),
      ]
      const served = await servedModel({ ...options, model: name })
      if (served.kind === 'imported') {
        const { ServersModel } = await import('../bench/run/servers-model.ts')
        const servers = {
          model: name,
          home: homeOf(options),
          baseUrls: options.baseUrl ?? [],
          serverModel: options.serverModel,
          perServer: options.inFlight,
          format: picturesOf(options.pictures),
          onNotice,
        }
        const model = await ServersModel.open({ servers, frames: { count: frames, sampler }, maxPixels, system, sampling, version }, signal)
        return several(model, model.concurrency)
      }
      const { OpenAiModel } = await import('../bench/run/openai-model.ts')
      const perServer = options.inFlight ?? DEFAULT_PER_SERVER
      const model = new OpenAiModel({
        model: served.name,
        baseUrls: options.baseUrl,
        perServer,
        clip: { form: served.send, frames: { kind: sampler ?? 'uniform', count: frames ?? SERVER_FRAMES }, maxPixels },
        answerPrefixForm: served.begun,
        system,
        sampling,
        version,
      })
      return several(model, perServer * (options.baseUrl?.length ?? 1))
    }
    case 'tarsier': {
      const engine = { model: options.model ?? DEMO_MODEL, device: options.device, home: homeOf(options) }
      const frameOptions = { frames: { count: frames, sampler }, maxPixels }
      return openTarsierModels(options.workers ?? 1, { engine, ...frameOptions, system, sampling, version }, signal)
    }
    default:
      return assertNever(options.engine, 'engine')
  }
}

/** Writes the results to stdout at the end, and everything else to stderr. */
class RunOutput {
  readonly progress = new ProgressLine(process.stderr)
  anyFailed = false
  #logged = performance.now()
  #done = 0

  selected({ broken, absent, unknown }: Selected): void {
    for (const line of broken) this.#broken(line)
    if (absent.length > 0) this.#say(`not in the annotations: ${absent.map(({ name }) => name).join(', ')}`)
    if (unknown.length > 0) this.#say(`skipped because these data sets are unknown: ${unknown.join(', ')}`)
  }

  event(event: RunEvent): void {
    switch (event.kind) {
      case 'moved':
        this.#say(`${event.from} was moved to ${event.to}`)
        return
      case 'opened': {
        const { directory, found, pending } = event
        for (const line of found.broken) this.#broken(line)
        if (found.torn > 0)
          this.#say(`${directory}: the last line is incomplete because an earlier run was interrupted; its sample is run again`)
        if (found.predictions.size > 0)
          this.#say(`${directory}: ${counted(found.predictions.size, 'sample')} already done, ${pending} left`)
        return
      }
      case 'done':
        this.#sampleDone(event)
        return
      default:
        assertNever(event, 'event')
    }
  }

  result({ name, directory, samples, answered, failed }: SetResult): void {
    const left = samples - answered - failed
    process.stdout.write(
      `${name}: ${counted(samples, 'sample')}, ${answered} answered, ${failed} failed${left > 0 ? `, ${left} left` : ''}: ${oneLine(directory)}\n`,
    )
  }

  notice(text: string): void {
    this.#say(text)
  }

  stopped(): void {
    this.#say(`stopped after ${counted(this.#done, 'sample')}; run the same command to resume`)
  }

  #sampleDone({ prediction, progress }: Extract<RunEvent, { kind: 'done' }>): void {
    this.#done = progress.done
    if (prediction.error) {
      this.progress.clear()
      process.stderr.write(`tarsier: ${oneLine(prediction.key)}: ${oneLine(prediction.error.message)} [${prediction.error.code}]\n`)
    }
    const text = progressText(progress)
    if (this.progress.shown) this.progress.detail(text)
    else if (performance.now() - this.#logged >= LOG_EVERY_MS) {
      this.#logged = performance.now()
      this.#say(text)
    }
  }

  #broken(line: BrokenLine): void {
    this.anyFailed = true
    this.progress.clear()
    printError(brokenLineError(line))
  }

  #say(text: string): void {
    this.progress.clear()
    process.stderr.write(`tarsier: ${oneLine(text)}\n`)
  }
}
