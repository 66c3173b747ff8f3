import { type Command, Option } from 'commander'
import { readCaptionList } from '../bench/caption-list.ts'
import type { BrokenLine } from '../bench/json-lines.ts'
import type { ModelUnderTest } from '../bench/run/model-under-test.ts'
import { runCaptions } from '../bench/run/run-captions.ts'
import type { RunEvent } from '../bench/run/run-sets.ts'
import { ServersModel } from '../bench/run/servers-model.ts'
import { inShard, type Shard } from '../bench/run/shard.ts'
import { closeModels, openTarsierModels } from '../bench/run/tarsier-workers.ts'
import type { Sample } from '../bench/sample.ts'
import { hasMediaExtension, hasPictureExtension } from '../engine/media/media-names.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { appVersion } from '../service/version.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import type { ErrorCode } from '../shared/error-codes.ts'
import { assertNever, TarsierError } from '../shared/errors.ts'
import type { Sampling } from '../shared/sampling.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { AnswerOptions, ClipOptions } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf, samplingOf } from './requests.ts'
import { parseCount, parseShard, parseWorkers, progressText } from './run-text.ts'
import { remoteOptions, type ServerOptions } from './server-options.ts'

/** Options of `describe` for lists, in addition to those of model, frames and sampling. */
export interface ListOptions {
  readonly from?: string
  readonly out?: string
  readonly videos?: string
  readonly limit?: number
  readonly shard?: Shard
  readonly workers?: number
  readonly retryFailed?: boolean
  readonly new?: boolean
}

interface DescribeListOptions extends ClipOptions, AnswerOptions, ListOptions, ServerOptions {
  readonly prompt?: string
  readonly system?: string
}

/** Options of `describe` that only apply to single clips. */
const ONE_BY_ONE = ['json', 'sidecar', 'skipExisting', 'overwrite', 'dryRun', 'fit', 'start', 'end', 'at'] as const

export function listOptions(): Option[] {
  const options = [
    new Option(
      '--from <list>',
      'describe the clips of a list with one entry per line: a path, or in a .jsonl file a JSON string, {"video": path, "prompt": text} or an annotation',
    ).conflicts([...ONE_BY_ONE]),
    new Option('-o, --out <file>', 'with --from: output file, one JSON line per caption; resumes if the file exists'),
    new Option('--videos <dir>', 'with --from: folder that contains the clips for "<placeholder>" in annotations'),
    new Option('--limit <n>', 'with --from: only the first n clips of the list').argParser((text) => parseCount(text, 1e9)),
    new Option(
      '--shard <i/n>',
      'with --from: only part i of n, to split the list between machines; each clip is in exactly one part',
    ).argParser(parseShard),
    new Option(
      '--workers <k>',
      'with --from: number of clips run in parallel, each in a process that loads its own model (default: 1; with --engine openai as many as keep the servers busy)',
    ).argParser(parseWorkers),
    new Option('--retry-failed', 'with --from: run failed clips again (default: keep their errors)'),
    new Option('--new', 'with --from: start again; existing captions are moved to a folder "old"'),
  ]
  for (const option of options) option.helpGroup('Lists:')
  return options
}

/** Reports a usage error for list options without a list, or for paths in addition to a list. */
export function checkListOptions(command: Command, paths: readonly string[], options: ListOptions): void {
  if (options.from === undefined) {
    const given = (['out', 'videos', 'limit', 'shard', 'workers', 'retryFailed', 'new'] as const).find(
      (name) => options[name] !== undefined,
    )
    if (given) command.error(`error: option '--${given === 'retryFailed' ? 'retry-failed' : given}' requires '--from LIST'`)
    if (paths.length === 0) command.error("error: missing required argument 'path' (or '--from LIST')")
  } else {
    if (paths.length > 0) command.error("error: give paths or '--from LIST', not both")
    if (options.out === undefined) command.error("error: '--from LIST' requires '--out FILE'")
  }
}

/** Describes the clips of a list, and writes the captions to a file. */
export async function describeList(from: string, out: string, options: DescribeListOptions, signal: AbortSignal): Promise<ExitCode> {
  if (hasMediaExtension(from))
    throw new TarsierError('usage', `${from} is a clip, but --from requires a list of clips. Give the clip without --from.`)
  const manifest = await readManifest(await resolveModel(options.model, homeOf(options)))
  const { samples, broken } = await readList(
    from,
    options,
    (path) => descriptionPrompt(manifest.prompt, hasPictureExtension(path) ? 'image' : 'video'),
    signal,
  )
  for (const line of broken) printError(brokenLineError(line))
  if (samples.length === 0 && broken.length === 0) {
    throw new TarsierError('nothing-found', `${from} contains no clips. Write one path on each line.`)
  }
  const progress = new ProgressLine(process.stderr)
  progress.begin('loading the model')
  try {
    const workers = await openWorkers(options, samplingOf(options, manifest), (text) => progress.note(text), signal)
    try {
      const caption = {
        out,
        videos: options.videos ?? null,
        workers,
        retryFailed: options.retryFailed === true,
        anew: options.new === true,
      }
      const { answered, failed } = await runCaptions(samples, caption, (event) => show(event, progress), signal)
      progress.clear()
      process.stdout.write(`${oneLine(out)}: ${answered} of ${samples.length} described${failed > 0 ? `, ${failed} failed` : ''}\n`)
      return failed > 0 || broken.length > 0 ? exitCodes.failed : exitCodes.done
    } finally {
      await closeModels(workers)
    }
  } finally {
    progress.clear()
  }
}

/** Opens engine processes, or one model on servers that answers several clips at the same time. */
async function openWorkers(
  options: DescribeListOptions,
  sampling: Sampling,
  onNotice: (text: string) => void,
  signal: AbortSignal,
): Promise<[ModelUnderTest, ...ModelUnderTest[]]> {
  const { maxPixels, system } = options
  const settings = { frames: { count: options.frames, sampler: options.sampler }, maxPixels, system, sampling, version: appVersion() }
  const servers = remoteOptions(options, onNotice)
  if (servers === null) {
    const engine = { model: options.model, device: options.device, home: homeOf(options) }
    return await openTarsierModels(options.workers ?? 1, { engine, ...settings }, signal)
  }
  const model = await ServersModel.open({ servers, ...settings }, signal)
  return [model, ...Array<ModelUnderTest>((options.workers ?? model.concurrency) - 1).fill(model)]
}

async function readList(
  from: string,
  { prompt, limit = Number.POSITIVE_INFINITY, shard }: DescribeListOptions,
  fallback: (path: string) => string,
  signal: AbortSignal,
): Promise<{ readonly samples: readonly Sample[]; readonly broken: readonly BrokenLine[] }> {
  const samples: Sample[] = []
  const broken: BrokenLine[] = []
  for await (const line of readCaptionList(from, prompt ?? null, fallback, signal)) {
    if (line.kind === 'broken') broken.push(line)
    else if (samples.push(line.sample) === limit) break
  }
  return { samples: shard ? samples.filter(({ key }) => inShard(key, shard)) : samples, broken }
}

function show(event: RunEvent, progress: ProgressLine): void {
  switch (event.kind) {
    case 'moved':
      progress.note(`${event.from} was moved to ${event.to}`)
      return
    case 'opened': {
      for (const line of event.found.broken) {
        progress.clear()
        printError(brokenLineError({ ...line, reason: `${line.reason}; the clip is described again` }))
      }
      progress.detail(`${event.pending} clips to describe`)
      return
    }
    case 'done': {
      const { prediction, progress: state } = event
      if (prediction.error) {
        progress.clear()
        const { code, message } = prediction.error
        printError(new TarsierError(code as ErrorCode, message), prediction.video ?? String(prediction.idx))
      }
      progress.detail(progressText(state))
      return
    }
    default:
      assertNever(event, 'event')
  }
}
