import { readCaptionList } from '../bench/caption-list.ts'
import type { BrokenLine } from '../bench/json-lines.ts'
import type { ModelUnderTest } from '../bench/run/model-under-test.ts'
import { runCaptions } from '../bench/run/run-captions.ts'
import type { RunEvent } from '../bench/run/run-sets.ts'
import { ServersModel } from '../bench/run/servers-model.ts'
import { shapedModel } from '../bench/run/shaped-model.ts'
import { inShard } from '../bench/run/shard.ts'
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
import type { CaptionShape } from '../shared/shaping/caption-shape.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { ListOptions } from './list-options.ts'
import type { AnswerOptions, ClipOptions } from './options.ts'
import { oneLine } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { homeOf, samplingOf } from './requests.ts'
import { progressText } from './run-text.ts'
import { remoteOptions, type ServerOptions } from './server-options.ts'
import { type RewritingOptions, rewritingShapeFrom } from './shape-option.ts'

interface DescribeListOptions extends ClipOptions, AnswerOptions, ListOptions, ServerOptions, RewritingOptions {
  readonly prompt?: string
  readonly system?: string
}

/** Describes the clips of a list, and writes the captions to a file. */
export async function describeList(from: string, out: string, options: DescribeListOptions, signal: AbortSignal): Promise<ExitCode> {
  if (hasMediaExtension(from))
    throw new TarsierError('usage', `${from} is a clip, but --from requires a list of clips. Give the clip without --from.`)
  const shape = await rewritingShapeFrom(options)
  const manifest = await readManifest(await resolveModel(options.model, homeOf(options)))
  const { samples, broken } = await readList(
    from,
    { ...options, prompt: options.prompt ?? shape?.prompt },
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
    const workers = await openWorkers(options, samplingOf(options, manifest), shape, (text) => progress.note(text), signal)
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
  shape: CaptionShape | null,
  onNotice: (text: string) => void,
  signal: AbortSignal,
): Promise<[ModelUnderTest, ...ModelUnderTest[]]> {
  const { maxPixels, system } = options
  const settings = { frames: { count: options.frames, sampler: options.sampler }, maxPixels, system, sampling, version: appVersion() }
  const servers = remoteOptions(options, onNotice)
  if (servers === null) {
    const engine = { model: options.model, device: options.device, home: homeOf(options) }
    return await openTarsierModels(options.workers ?? 1, { engine, ...settings, shape, textModel: options.textModel }, signal)
  }
  const server = await ServersModel.open({ servers, ...settings }, signal)
  const model = await shapedModel(server, shape)
  return [model, ...Array<ModelUnderTest>((options.workers ?? server.concurrency) - 1).fill(model)]
}

async function readList(
  from: string,
  {
    prompt,
    limit = Number.POSITIVE_INFINITY,
    shard,
  }: Pick<DescribeListOptions, 'limit' | 'shard'> & { readonly prompt: string | undefined },
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
      for (const text of prediction.shaped?.notices ?? []) {
        progress.clear()
        process.stderr.write(`tarsier: ${oneLine(prediction.video ?? String(prediction.idx))}: ${text}\n`)
      }
      progress.detail(progressText(state))
      return
    }
    default:
      assertNever(event, 'event')
  }
}
