import type { EstimateRequest, ModelInfo } from '../engine/engine-client.ts'
import { type HostClient, startEngineHost } from '../engine/host/host-client.ts'
import { noRewriter, rewriterFor } from '../engine/rewriting/rewriter.ts'
import { type JobEvent, runJob, type Work } from '../jobs/driver.ts'
import { sidecarSink } from '../jobs/sinks/sidecar.ts'
import type { RemoteEngine } from '../servers/remote-engine.ts'
import type { Answer, EngineEvent } from '../shared/engine-events.ts'
import { assertNever, isAbort, TarsierError } from '../shared/errors.ts'
import type { Estimate } from '../shared/estimate.ts'
import type { CaptionShape } from '../shared/shaping/caption-shape.ts'
import { captionOf, shapedEvents } from '../shared/shaping/shaped-answer.ts'
import { answerLine } from './describe-line.ts'
import { DescribeOutput } from './describe-output.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { AnswerOptions, ClipOptions } from './options.ts'
import { type PlannedClip, planClips } from './plan-clips.ts'
import { clipRequest, engineOptions, homeOf, samplingOf } from './requests.ts'
import { remoteOptions, type ServerOptions } from './server-options.ts'
import { type RewritingOptions, rewritingShapeFrom } from './shape-option.ts'
import type { SidecarExtension } from './sidecar-extensions.ts'

export interface DescribeOptions extends ClipOptions, AnswerOptions, ServerOptions, RewritingOptions {
  readonly prompt?: string
  readonly system?: string
  readonly json?: boolean
  readonly sidecar?: SidecarExtension
  readonly skipExisting?: boolean
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  readonly fit?: boolean
}

type Result =
  | { readonly kind: 'answer'; readonly file: string; readonly answer: Answer }
  | { readonly kind: 'estimate'; readonly estimate: Estimate }

/** Describes clips one after the other, or side by side on servers, or estimates the cost of each. */
export async function describeClips(paths: readonly string[], options: DescribeOptions, signal: AbortSignal): Promise<ExitCode> {
  const shape = await rewritingShapeFrom(options)
  const clips = await planClips(
    paths,
    () => (options.sidecar === undefined ? { kind: 'none' } : { kind: 'sidecar', extension: options.sidecar }),
    options,
    signal,
  )
  const output = new DescribeOutput({ json: options.json === true, headed: clips.length > 1, shaped: shape !== null })
  await using engine = await openEngine(options, (text) => output.progress.note(text))
  let model: ModelInfo | null = null
  if (clips.some(({ error }) => !error)) {
    output.progress.begin('loading the model')
    try {
      const upcoming = options.dryRun ? [] : clips.filter(({ error }) => !error).map(({ file }) => file)
      model = engine.kind === 'local' ? await engine.client.load(signal, upcoming) : await engine.client.load(signal)
    } catch (error) {
      if (isAbort(error)) throw error
      output.modelFailed(clips, error)
      return exitCodes.failed
    }
    if (model.summary) output.progress.note(`${model.name}: ${model.summary}`)
  }
  const sidecars = sidecarSink<PlannedClip, Result>({
    pathOf: ({ target }) => target,
    textOf: (result) => (result.kind === 'answer' ? sidecarText(result, model?.name ?? '', options) : ''),
    overwrite: options.overwrite === true,
  })
  // Clips that are worked on side by side are shown when they are done.
  const workers = engine.kind === 'servers' && model ? await engine.client.concurrency(signal) : 1
  const position = new Map(clips.map((clip, i) => [clip, clips.length > 1 ? `[${i + 1}/${clips.length}] ` : '']))
  let stoppedBy: TarsierError | null = null
  const onEvent = (event: JobEvent<PlannedClip, Result, EngineEvent>) => {
    if (event.kind === 'stopped') stoppedBy = event.error
    const title = `${position.get(event.clip) ?? ''}${event.clip.file}`
    if (engine.kind === 'servers') showWhole(event, output, title)
    show(event, output, model?.name ?? '', title, engine.kind === 'servers')
  }
  try {
    await runJob({ source: clips, workers: Array(workers).fill(workOn(engine, model, shape, options)), sinks: [sidecars] }, onEvent, signal)
  } catch (error) {
    if (error !== stoppedBy) throw error // otherwise it was reported with its clip
  }
  return output.anyFailed ? exitCodes.failed : exitCodes.done
}

/** This machine's engine, or servers, which give no estimates. */
type UsedEngine = AsyncDisposable &
  ({ readonly kind: 'local'; readonly client: HostClient } | { readonly kind: 'servers'; readonly client: RemoteEngine })

async function openEngine(options: DescribeOptions, onNotice: (text: string) => void): Promise<UsedEngine> {
  const remote = remoteOptions(options, onNotice)
  if (remote) {
    const { RemoteEngine } = await import('../servers/remote-engine.ts')
    const servers = new RemoteEngine(remote)
    return { kind: 'servers', client: servers, [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose]() }
  }
  const local = startEngineHost(engineOptions(options))
  return { kind: 'local', client: local, [Symbol.asyncDispose]: () => local[Symbol.asyncDispose]() }
}

function workOn(
  engine: UsedEngine,
  model: ModelInfo | null,
  shape: CaptionShape | null,
  options: DescribeOptions,
): Work<PlannedClip, Result, EngineEvent> {
  const { client } = engine
  return async ({ file, error }, report, signal) => {
    if (error || !model) throw error
    try {
      if (options.dryRun && engine.kind === 'local')
        return { kind: 'estimate', estimate: await engine.client.estimate(estimateRequest(file, options, model.defaults), signal) }
      const turn = {
        kind: 'ask',
        text: options.prompt ?? shape?.prompt,
        system: options.system,
        clip: { ...clipRequest(file, options, model.defaults), fit: options.fit },
        sampling: samplingOf(options, model.defaults),
      } as const
      const rewriter =
        engine.kind === 'servers'
          ? noRewriter
          : rewriterFor({
              engine: engine.client,
              home: homeOf(options),
              textModel: options.textModel,
              conversation: file,
              turn: { kind: 'regenerate' },
              signal,
            })
      for await (const event of shapedEvents(client.answer(file, turn, signal), shape, rewriter)) {
        report(event)
        if (event.kind === 'done') return { kind: 'answer', file, answer: event.answer }
      }
      throw new TarsierError('internal', 'The engine returned no answer. Please report it.')
    } finally {
      await client.close(file)
    }
  }
}

function estimateRequest(file: string, options: DescribeOptions, defaults: ModelInfo['defaults']): EstimateRequest {
  return {
    clip: { ...clipRequest(file, options, defaults), fit: options.fit },
    text: options.prompt,
    system: options.system,
    maxTokens: samplingOf(options, defaults).maxTokens,
    measure: true,
  }
}

/** Text of the file next to a clip. */
function sidecarText({ file, answer }: Extract<Result, { kind: 'answer' }>, model: string, { sidecar }: DescribeOptions): string {
  return sidecar === 'json' ? JSON.stringify(answerLine(file, model, answer)) : captionOf(answer.text, answer.shaped)
}

/** Shows what {@link show} does while a clip is worked on, at its end. */
function showWhole(event: JobEvent<PlannedClip, Result, EngineEvent>, output: DescribeOutput, title: string): void {
  if (event.kind !== 'done' && event.kind !== 'failed' && event.kind !== 'stopped') return
  const { file } = event.clip
  output.begin(file, title)
  if (event.kind !== 'done' || event.result.kind !== 'answer') return
  const { notices, shaped } = event.result.answer
  for (const text of [...notices, ...(shaped?.notices ?? [])]) output.event(file, { kind: 'notice', text })
  output.event(file, { kind: 'delta', text: event.result.answer.text })
}

/** @param atEnd whether the work on several clips is shown only when one is done */
function show(
  event: JobEvent<PlannedClip, Result, EngineEvent>,
  output: DescribeOutput,
  model: string,
  title: string,
  atEnd: boolean,
): void {
  const { file } = event.clip
  switch (event.kind) {
    case 'started':
      if (!atEnd) output.begin(file, title)
      return
    case 'progress':
      if (!atEnd) output.event(file, event.progress)
      return
    case 'done':
      if (event.result.kind === 'answer') output.answered(file, model, event.result.answer)
      else output.estimated(file, model, event.result.estimate)
      return
    case 'failed':
      output.failed(file, event.error)
      return
    case 'stopped':
      if (event.error) output.failed(file, event.error)
      else output.interrupted()
      return
    case 'skipped':
      return // these are excluded before the model is loaded
    default:
      assertNever(event, 'event')
  }
}
