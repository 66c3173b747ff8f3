import type { EngineClient, EstimateRequest, ModelInfo } from '../engine/engine-client.ts'
import { startEngineHost } from '../engine/host/host-client.ts'
import { type JobEvent, runJob, type Work } from '../jobs/driver.ts'
import { expandPatterns } from '../jobs/expand-patterns.ts'
import { type FoundClip, findClips } from '../jobs/find-clips.ts'
import { SidecarNames } from '../jobs/sidecar-names.ts'
import { refuseExisting, sidecarSink } from '../jobs/sinks/sidecar.ts'
import { exists } from '../platform/disk.ts'
import type { Answer, EngineEvent } from '../shared/engine-events.ts'
import { assertNever, asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import type { Estimate } from '../shared/estimate.ts'
import { DescribeOutput } from './describe-output.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { AnswerOptions, ClipOptions } from './options.ts'
import { clipRequest, engineOptions, samplingOf } from './requests.ts'

export interface DescribeOptions extends ClipOptions, AnswerOptions {
  readonly prompt?: string
  readonly json?: boolean
  readonly sidecar?: 'txt'
  readonly skipExisting?: boolean
  readonly overwrite?: boolean
  readonly dryRun?: boolean
  readonly fit?: boolean
}

/** A clip as the user gave it, with the path of its description if one is written. */
interface Clip extends FoundClip {
  readonly sidecar: string | null
}

type Result = { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'estimate'; readonly estimate: Estimate }

/** Describes clips one after the other, or estimates the cost of each. */
export async function describeClips(paths: readonly string[], options: DescribeOptions, signal: AbortSignal): Promise<ExitCode> {
  const clips = await planClips(paths, options, signal)
  const output = new DescribeOutput({ json: options.json === true, headed: clips.length > 1 })
  await using client = startEngineHost(engineOptions(options))
  let model: ModelInfo | null = null
  if (clips.some(({ error }) => !error)) {
    output.progress.begin('loading the model')
    try {
      model = await client.load(signal)
    } catch (error) {
      if (isAbort(error)) throw error
      output.modelFailed(clips, error)
      return exitCodes.failed
    }
    if (model.summary) output.progress.note(`${model.name}: ${model.summary}`)
  }
  const sidecars = sidecarSink<Clip, Result>({
    pathOf: ({ sidecar }) => sidecar,
    textOf: (result) => (result.kind === 'answer' ? result.answer.text : ''),
    overwrite: options.overwrite === true,
  })
  const position = new Map(clips.map((clip, i) => [clip, clips.length > 1 ? `[${i + 1}/${clips.length}] ` : '']))
  let stoppedBy: TarsierError | null = null
  const onEvent = (event: JobEvent<Clip, Result, EngineEvent>) => {
    if (event.kind === 'stopped') stoppedBy = event.error
    show(event, output, model?.name ?? '', position.get(event.clip) ?? '')
  }
  try {
    await runJob({ source: clips, workers: [workOn(client, model, options)], sinks: [sidecars] }, onEvent, signal)
  } catch (error) {
    if (error !== stoppedBy) throw error // otherwise it was reported with its clip
  }
  return output.anyFailed ? exitCodes.failed : exitCodes.done
}

/** Determines, before the model is loaded, which clips to describe, which are already done, and which are unusable. */
async function planClips(paths: readonly string[], options: DescribeOptions, signal: AbortSignal): Promise<Clip[]> {
  const found = await findClips(await expandPatterns(paths), signal)
  if (options.sidecar === undefined) return found.map((clip) => ({ ...clip, sidecar: null }))
  const given = found.flatMap(({ file, error }) => (error ? [] : [file]))
  const names = new SidecarNames(options.sidecar, given)
  const clips: Clip[] = []
  for (const clip of found) {
    if (clip.error) {
      clips.push({ ...clip, sidecar: null })
      continue
    }
    try {
      const sidecar = await names.of(clip.file)
      if (options.overwrite || !(await exists(sidecar))) clips.push({ ...clip, sidecar })
      else if (!options.skipExisting) throw refuseExisting(sidecar)
    } catch (error) {
      clips.push({ ...clip, error: asTarsierError(error), sidecar: null })
    }
  }
  return clips
}

function workOn(client: EngineClient, model: ModelInfo | null, options: DescribeOptions): Work<Clip, Result, EngineEvent> {
  return async ({ file, error }, report, signal) => {
    if (error || !model) throw error
    try {
      if (options.dryRun)
        return { kind: 'estimate', estimate: await client.estimate(estimateRequest(file, options, model.defaults), signal) }
      const turn = {
        kind: 'ask',
        text: options.prompt,
        clip: { ...clipRequest(file, options, model.defaults), fit: options.fit },
        sampling: samplingOf(options, model.defaults),
      } as const
      for await (const event of client.answer(file, turn, signal)) {
        report(event)
        if (event.kind === 'done') return { kind: 'answer', answer: event.answer }
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
    maxTokens: samplingOf(options, defaults).maxTokens,
    measure: true,
  }
}

function show(event: JobEvent<Clip, Result, EngineEvent>, output: DescribeOutput, model: string, position: string): void {
  const { file } = event.clip
  switch (event.kind) {
    case 'started':
      output.begin(file, `${position}${file}`)
      return
    case 'progress':
      output.event(file, event.progress)
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
