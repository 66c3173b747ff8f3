import { listModels } from '../engine/models/registry.ts'
import type { FramePicture } from '../shared/contract/clips.ts'
import { asTarsierError, isAbort, TarsierError } from '../shared/errors.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { benchChoices } from './bench-jobs.ts'
import { leaderboard } from './bench-leaderboard.ts'
import { compareSlice, sampleSlice } from './bench-rows.ts'
import { clipPathOf, indexedSample, predictionOf, wholeSample } from './bench-sample.ts'
import { summaryOf, wholeRun } from './bench-summary.ts'
import { implementer, needed } from './procedures.ts'
import type { Service } from './service.ts'

const area = implementer.bench

export const benchArea = {
  list: area.list.handler(async ({ context: { service } }) => ({
    runs: await Promise.all((await service.bench.list()).map(summaryOf)),
    folder: service.bench.folder,
  })),

  open: area.open.handler(async ({ input, context: { service } }) =>
    summaryOf(await service.bench.open(service.folders.get(input.folder))),
  ),

  close: area.close.handler(({ input, context: { service } }) => service.bench.close(input.run)),

  get: area.get.handler(async ({ input, context: { service } }) => wholeRun(await service.bench.get(input.run))),

  samples: area.samples.handler(({ input, context: { service } }) => sampleSlice(service.bench, input)),

  sample: area.sample.handler(async ({ input, context: { service } }) => wholeSample(await service.bench.get(input.run), input.key)),

  clip: area.clip.handler(async ({ input, context: { service }, signal: given }) => {
    const signal = needed(given)
    try {
      const clip = await service.clips.open((await shownClip(service, input)).path, {}, signal)
      return { kind: 'clip', metadata: await service.clips.metadata(clip) }
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error
      return { kind: 'missing', error: asTarsierError(error).toData() }
    }
  }),

  thumbnail: area.thumbnail.handler(async ({ input, context: { service }, signal: given }) => {
    const signal = needed(given)
    try {
      const { path } = await shownClip(service, input)
      const jpeg = await service.thumbnails.of(path, null, signal)
      return { jpeg: jpeg && Buffer.from(jpeg).toString('base64') }
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error
      return { jpeg: null } // for example a prediction that names no clip
    }
  }),

  frames: area.frames.handler(async function* ({ input, context: { service }, signal: given }): AsyncGenerator<FramePicture, void> {
    const signal = needed(given)
    const { path, prediction } = await shownClip(service, input)
    const { used } = prediction
    if (!used || used.frames.length === 0)
      throw new TarsierError('nothing-found', 'The prediction does not record which frames the model saw.')
    const frames = { kind: 'indices', indices: used.frames.map(({ index }) => index) } as const
    const pixels = used.width === null || used.height === null ? null : used.width * used.height
    const request = { path, frames, ...(pixels !== null && { maxPixels: pixels }) }
    for await (const { bytes, ...frame } of service.media.pictures(request, await manifestOf(service, used.model), signal))
      yield { ...frame, jpeg: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }
  }),

  compare: area.compare.handler(({ input, context: { service } }) => compareSlice(service.bench, input)),

  choices: area.choices.handler(({ input, context: { service }, signal }) =>
    benchChoices(input.annotations === undefined ? null : service.folders.get(input.annotations), needed(signal)),
  ),

  start: area.start.handler(({ input: { annotations, videos, ...rest }, context: { service } }) =>
    service.benchJobs.start({
      ...rest,
      annotations: annotations === undefined ? null : service.folders.get(annotations),
      videos: videos === undefined ? null : service.folders.get(videos),
    }),
  ),

  stop: area.stop.handler(({ input, context: { service } }) => service.benchJobs.stop(input.job)),

  resume: area.resume.handler(({ input, context: { service } }) => service.benchJobs.resume(input.job, input.retryFailed)),

  dismiss: area.dismiss.handler(({ input, context: { service } }) => service.benchJobs.dismiss(input.job)),

  jobs: area.jobs.handler(({ context: { service }, signal }) => service.benchJobs.watched.watch(signal)),

  leaderboard: area.leaderboard.handler(({ context: { service } }) => leaderboard(service.bench)),
}

async function shownClip(service: Service, { run: id, key }: { readonly run: string; readonly key: string }) {
  const run = await service.bench.get(id)
  const prediction = await predictionOf(indexedSample(run, key))
  return { prediction, path: clipPathOf(run, prediction) }
}

/** Returns the manifest of a run's model, which decides how frames are cut; null if the model is not installed. */
async function manifestOf({ home }: Service, model: string): Promise<ModelManifest | null> {
  return (await listModels(home)).find(({ name }) => name === model)?.manifest ?? null
}
