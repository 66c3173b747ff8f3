import { isDeepStrictEqual } from 'node:util'
import { cachedData } from '../engine/conversation/cached-names.ts'
import { clipCacheFolder, DiskCache } from '../engine/conversation/disk-cache.ts'
import { systemMessages } from '../engine/engine-client.ts'
import { clipEstimate, firstWork } from '../engine/estimate/clip-estimate.ts'
import { decideRun } from '../engine/estimate/decide-run.ts'
import { approximateTokens, TEMPLATE_TOKENS } from '../engine/estimate/estimate-run.ts'
import { NO_LIMITS, unloadedMemory } from '../engine/estimate/memory-state.ts'
import { readModelCosts } from '../engine/estimate/model-costs.ts'
import { SpeedStore } from '../engine/estimate/speeds.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { ignoredPixelLimit } from '../engine/vision/tower-form.ts'
import { mayHaveGpu } from '../platform/gpu-presence.ts'
import type { Turn } from '../shared/contract/chats.ts'
import type { Estimate } from '../shared/estimate.ts'
import type { FrameRequest } from '../shared/frame-request.ts'
import { counted } from '../shared/size-text.ts'
import { messagesOf } from './answering.ts'
import { implementer, needed } from './procedures.ts'
import { modelOf, ownQuestion, resolveSettings } from './resolved-settings.ts'

const area = implementer.estimate

export const estimateArea = {
  cost: area.cost.handler(async ({ input, context: { service }, signal: given }): Promise<Estimate> => {
    const signal = needed(given)
    const { limits = {} } = service
    const clip = await service.clips.present(input.handle, signal)
    const turns = input.chat === undefined ? [] : service.library.chats.turns(input.chat)
    const stored = service.library.settings.get()
    const before = turns.at(-1)?.settings
    const directory = await resolveModel(modelOf(input.settings, before, stored), service.home)
    const manifest = await readManifest(directory)
    const settings = resolveSettings(input.settings, before, stored, manifest)
    const { frames: wanted, maxPixels, device, model } = settings
    const plan = await service.media.plan(clip.path, wanted, manifest.sampler, signal)

    const text = input.text ?? ownQuestion(settings, manifest, clip.facts.kind)
    const messages = messagesOf(turns, text, { path: clip.path, frames: wanted, maxPixels })
    const { loaded, freed } = await service.engines.runStart(
      { model, device, cache: stored.cache },
      { conversation: input.chat ?? '', messages: [...systemMessages(settings.system), ...messages] },
    )
    const memory = loaded?.memory ?? unloadedMemory(device, mayHaveGpu(), { freed, given: limits })
    const sameSystem = (before?.system ?? '') === settings.system
    // The engine needs a clip's rows again if settings change or it is not in memory, and only then checks the available memory.
    const again =
      turns.length === 0 ||
      !loaded?.resident ||
      before?.maxPixels !== maxPixels ||
      !sameSystem ||
      !isDeepStrictEqual(before?.frames, wanted)
    const request = {
      costs: await readModelCosts(directory, manifest),
      frame: clip.facts,
      settings: { frames: plan.indices.length, maxPixels },
      fewerFrames: 'count' in wanted,
      text: loaded?.text ?? textTokens(turns, text) + approximateTokens(settings.system),
      question: loaded?.question ?? textTokens([], text),
      otherClips: 0,
      answer: settings.sampling.maxTokens,
      contextLimit: Math.min(manifest.maxSequence, limits.context ?? Number.POSITIVE_INFINITY),
      memory,
    }
    const decision = decideRun(again ? request : { ...request, memory: { ...memory, limits: NO_LIMITS } }, {
      mayShrink: false,
    })
    const work = firstWork(request, decision, plan.pixels)
    const { shape } = decision.estimate
    const cached =
      again && stored.cache && clip.hash !== null && before?.model === model && before.device === device
        ? await cachedData(new DiskCache(clipCacheFolder(service.home)), {
            bytes: clip.bytes,
            hash: clip.hash,
            indices: plan.indices,
            width: shape.width,
            height: shape.height,
            manifest,
          })
        : { state: false, rows: false }
    // Stored KV is only read into a new context.
    const restored = cached.state && sameSystem && !loaded?.resident
    const seen = restored || cached.rows ? { pixels: 0, patches: 0 } : {}
    const speeds = new SpeedStore(service.home)
    return clipEstimate(request, {
      decision,
      frames: plan.indices.map((index, i) => ({ index, time: plan.times[i] ?? 0 })),
      notices: [
        ...clip.facts.notices,
        ...plan.notices,
        ...ignoredPixelLimit(shape, maxPixels),
        ...unusualFrames(wanted, manifest.sampler.frames),
      ],
      device: loaded?.device ?? device,
      // Earlier turns are in the KV cache: only the new question and its template are evaluated.
      work: again
        ? { ...work, ...seen, ...(restored && { prefilled: request.text }), loads: loaded === null }
        : { ...work, pixels: 0, patches: 0, prefilled: Math.min(request.text, TEMPLATE_TOKENS * 2) },
      speeds: await speeds.find(manifest, device),
      decoding: await speeds.expectDecoding(clip.facts.codec),
    })
  }),
}

/** Says that a number of frames is not the model's own. */
function unusualFrames(frames: FrameRequest, usual: number): string[] {
  if (!('count' in frames) || frames.count === usual) return []
  return [`The model’s usual number is ${counted(usual, 'frame')}; with ${frames.count} its answers may be worse.`]
}

/** Estimates text tokens from lengths, while no model is loaded to count them. */
function textTokens(turns: readonly Turn[], question: string): number {
  const before = turns.reduce(
    (sum, turn) =>
      sum + approximateTokens(turn.question) + (turn.answer?.tokens.generated ?? approximateTokens(turn.text)) + TEMPLATE_TOKENS,
    0,
  )
  return before + approximateTokens(question) + TEMPLATE_TOKENS
}
