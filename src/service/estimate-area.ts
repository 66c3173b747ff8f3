import { isDeepStrictEqual } from 'node:util'
import { clipEstimate, firstWork } from '../engine/estimate/clip-estimate.ts'
import { decideRun } from '../engine/estimate/decide-run.ts'
import { NO_LIMITS, unloadedMemory } from '../engine/estimate/memory-state.ts'
import { type ModelCosts, readModelCosts } from '../engine/estimate/model-costs.ts'
import { SpeedStore } from '../engine/estimate/speeds.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { ignoredPixelLimit } from '../engine/vision/tower-form.ts'
import { mayHaveGpu } from '../platform/gpu-presence.ts'
import type { Turn } from '../shared/contract/chats.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import type { Estimate } from '../shared/estimate.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { messagesOf } from './answering.ts'
import { implementer, needed } from './procedures.ts'
import { modelOf, resolveSettings } from './resolved-settings.ts'

/** Tokens that the chat template adds to a question. */
const TEMPLATE_TOKENS = 32
/** Characters per token, a conservative average. */
const CHARACTERS = 3

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

    const text = input.text ?? descriptionPrompt(manifest.prompt, clip.facts.kind)
    const messages = messagesOf(turns, text, { path: clip.path, frames: wanted, maxPixels })
    const { loaded, freed } = await service.engines.runStart(
      { model, device, cache: stored.cache },
      { conversation: input.chat ?? '', messages },
    )
    const memory = loaded?.memory ?? unloadedMemory(device, mayHaveGpu(), { freed, given: limits })
    // The engine encodes a clip again if its settings change, and only then checks the available memory.
    const again = turns.length === 0 || before?.maxPixels !== maxPixels || !isDeepStrictEqual(before?.frames, wanted)
    const request = {
      costs: await costsOf(directory, manifest),
      frame: clip.facts,
      settings: { frames: plan.indices.length, maxPixels },
      fewerFrames: 'count' in wanted,
      text: loaded?.text ?? textTokens(turns, text),
      otherClips: 0,
      answer: settings.sampling.maxTokens,
      contextLimit: Math.min(manifest.maxSequence, limits.context ?? Number.POSITIVE_INFINITY),
      memory,
    }
    const decision = decideRun(again || !loaded?.resident ? request : { ...request, memory: { ...memory, limits: NO_LIMITS } }, {
      mayShrink: false,
    })
    const work = firstWork(request, decision, plan.pixels)
    const speeds = new SpeedStore(service.home)
    return clipEstimate(request, {
      decision,
      frames: plan.indices.map((index, i) => ({ index, time: plan.times[i] ?? 0 })),
      notices: [...clip.facts.notices, ...plan.notices, ...ignoredPixelLimit(decision.estimate.shape, maxPixels)],
      device: loaded?.device ?? device,
      // Earlier turns are in the KV cache: only the new question and its template are evaluated.
      work: again ? work : { ...work, pixels: 0, patches: 0, prefilled: Math.min(request.text, TEMPLATE_TOKENS * 2) },
      speeds: await speeds.find(manifest, device),
      decoding: await speeds.findDecoding(clip.facts.codec),
    })
  }),
}

/** Caches costs by the hashes of a model's files, because reading the header of the language file is slow. */
const known = new Map<string, Promise<ModelCosts>>()

function costsOf(directory: string, manifest: ModelManifest): Promise<ModelCosts> {
  const key = `${manifest.language.sha256} ${manifest.vision.sha256}`
  const costs = known.get(key) ?? readModelCosts(directory, manifest)
  known.set(key, costs)
  costs.catch(() => known.delete(key)) // The next call tries again; this one throws.
  return costs
}

/** Estimates text tokens from lengths, while no model is loaded to count them. */
function textTokens(turns: readonly Turn[], question: string): number {
  const answerTokens = turns.reduce(
    (sum, turn) =>
      sum +
      Math.ceil(turn.question.length / CHARACTERS) +
      (turn.answer?.tokens.generated ?? Math.ceil(turn.text.length / CHARACTERS)) +
      TEMPLATE_TOKENS,
    0,
  )
  return answerTokens + Math.ceil(question.length / CHARACTERS) + TEMPLATE_TOKENS
}
