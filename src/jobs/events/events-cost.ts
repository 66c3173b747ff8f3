import type { EngineOptions } from '../../engine/engine-client.ts'
import { firstWork } from '../../engine/estimate/clip-estimate.ts'
import { decideRun } from '../../engine/estimate/decide-run.ts'
import { approximateTokens, TEMPLATE_TOKENS } from '../../engine/estimate/estimate-run.ts'
import { unloadedMemory } from '../../engine/estimate/memory-state.ts'
import { readModelCosts } from '../../engine/estimate/model-costs.ts'
import { secondsOf, shotSeconds } from '../../engine/estimate/seconds.ts'
import { SpeedStore } from '../../engine/estimate/speeds.ts'
import { segmentsOf } from '../../engine/media/segments.ts'
import { readManifest } from '../../engine/models/manifest.ts'
import { resolveModel } from '../../engine/models/registry.ts'
import { mayHaveGpu } from '../../platform/gpu-presence.ts'
import type { FindEventsCost } from '../../shared/contract/events.ts'
import { descriptionPrompt } from '../../shared/description-prompt.ts'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { MediaMetadata } from '../../shared/media-metadata.ts'
import type { ClipEventsOptions } from './clip-events.ts'

/** Clauses of a description, and further frames that are looked at for each interval of a closer look at one. */
const CLAUSES = 3
const LOOKED_AT = 8
/** Milliseconds per million pixels for a codec that was not measured on this machine; H.264 took 2 to 4. */
const TYPICAL_MEGAPIXEL = 4
/** Factor by which each closer look divides the distance of frames. */
const DIVISION = 4

/** The model that is to search, as a user names it, and where it is. */
interface SearchingModel {
  readonly home: string
  readonly model: string
  readonly device: DeviceChoice
  readonly limits?: EngineOptions['limits']
}

/** Estimates a search for events before it runs: shots, the description of each segment with the longest answer, and its scoring. Decodes nothing. */
export async function eventsCost(
  { home, model, device, limits = {} }: SearchingModel,
  facts: MediaMetadata,
  { clip: { frames, maxPixels }, prompt, system = '', text, segmentSeconds, scenes, precision, sampling }: ClipEventsOptions,
): Promise<FindEventsCost> {
  const { duration } = facts
  const whole = text !== undefined || duration === 0
  const segments = whole ? 1 : segmentsOf([], { duration, maxSeconds: segmentSeconds }).length
  const directory = await resolveModel(model, home)
  const manifest = await readManifest(directory)
  const count = Math.max(1, Math.min(frames.count, Math.ceil(facts.frameCount / segments)))
  const request = {
    costs: await readModelCosts(directory, manifest),
    frame: facts,
    settings: { frames: count, maxPixels },
    fewerFrames: true,
    text: approximateTokens(system) + approximateTokens(prompt ?? descriptionPrompt(manifest.prompt, facts.kind)) + TEMPLATE_TOKENS,
    otherClips: 0,
    answer: text === undefined ? sampling.maxTokens : approximateTokens(text) + TEMPLATE_TOKENS,
    contextLimit: Math.min(manifest.maxSequence, limits.context ?? Number.POSITIVE_INFINITY),
    memory: unloadedMemory(device, mayHaveGpu(), { freed: 0, given: limits }),
  }
  const decision = decideRun(request, { mayShrink: true })
  const store = new SpeedStore(home)
  const speeds = await store.find(manifest, device)
  const megapixel = (await store.findDecoding(facts.codec)) ?? TYPICAL_MEGAPIXEL
  const shots = scenes && !whole ? shotSeconds(facts, megapixel) : 0
  const described = firstWork(request, decision, 0)
  const perFrame = described.patches / decision.settings.frames
  const spacing = duration / segments / count
  const looks =
    facts.kind === 'image' || precision === null ? 0 : Math.max(0, Math.ceil(Math.log(spacing / precision) / Math.log(DIVISION)))
  const further = CLAUSES * looks * LOOKED_AT
  // Every frame of a segment, and every further frame, is followed by the question and the text once.
  const scored = (request.text + request.answer) * (decision.settings.frames + further)
  const { rows } = decision.estimate.shape
  const seconds = secondsOf(speeds, megapixel, {
    // The frames of all segments are spread over the whole clip.
    pixels: 0,
    patches: described.patches + further * perFrame,
    prefilled: described.prefilled + scored + further * rows,
    answer: text === undefined ? described.answer : 0,
  })
  const decode = shotSeconds(facts, megapixel)
  return { segments, seconds: seconds === null || shots === null || decode === null ? null : shots + decode + segments * seconds.all }
}
