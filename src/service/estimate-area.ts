import { join } from 'node:path'
import { NOTHING_OFFLOADED } from '../engine/estimate/gpu-share.ts'
import { anyMemory, NOTHING_HELD, type Scales, scalesOf, weigh } from '../engine/estimate/scales.ts'
import { secondsOf } from '../engine/estimate/seconds.ts'
import { SpeedBook } from '../engine/estimate/speeds.ts'
import { checkGguf } from '../engine/language/gguf-check.ts'
import { readManifest } from '../engine/models/manifest.ts'
import { resolveModel } from '../engine/models/registry.ts'
import { unkeptLimit } from '../engine/vision/tower-form.ts'
import type { Turn } from '../shared/contract/chats.ts'
import type { Cost } from '../shared/contract/estimate.ts'
import { descriptionPrompt } from '../shared/description-prompt.ts'
import { type ErrorData, TarsierError } from '../shared/errors.ts'
import { MAX_FRAMES } from '../shared/frame-request.ts'
import type { ModelManifest } from '../shared/model-manifest.ts'
import { implementer, needed } from './procedures.ts'
import { modelOf, resolveSettings } from './resolved-settings.ts'

/** Tokens of a template around a question. */
const TEMPLATE_TOKENS = 32
/** Characters of a token, in the mean and on the safe side. */
const CHARACTERS = 3

const area = implementer.estimate

export const estimateArea = {
  cost: area.cost.handler(async ({ input, context: { service }, signal: given }): Promise<Cost> => {
    const signal = needed(given)
    const clip = await service.clips.present(input.handle, signal)
    const turns = input.chat === undefined ? [] : service.library.chats.turns(input.chat)
    const kept = service.library.settings.get()
    const before = turns.at(-1)?.settings
    const directory = await resolveModel(modelOf(input.settings, before, kept), service.home)
    const manifest = await readManifest(directory)
    const scales = await scalesIn(directory, manifest)
    const settings = resolveSettings(input.settings, before, kept, manifest)
    const plan = await service.media.plan(clip.path, settings.frames, manifest.sampler, signal)
    const count = plan.indices.length
    const text = textTokens(turns, input.text ?? descriptionPrompt(manifest.prompt, clip.facts.kind))
    const contextLimit = manifest.maxSequence
    const beside = { text, pictures: 0, answer: settings.sampling.maxTokens, held: NOTHING_HELD, offload: NOTHING_OFFLOADED }
    const limits = anyMemory(contextLimit)
    const weighed = (frames: number) => weigh(scales, clip.facts, { frames, maxPixels: settings.maxPixels }, beside, limits)
    const { shape, visualTokens, memory, lacking } = weighed(count)
    const answer = Math.max(0, Math.min(settings.sampling.maxTokens, contextLimit - text - visualTokens))
    const first = turns.length === 0
    const speeds = new SpeedBook(service.home)
    const seconds = secondsOf(await speeds.find(manifest, settings.device), await speeds.findDecoding(clip.facts.codec), {
      pixels: first ? plan.pixels : 0,
      patches: first ? (count * shape.width * shape.height) / scales.form.patching.patchSize ** 2 : 0,
      // What was said before is held: the question is new, and its template.
      prefilled: first ? visualTokens + text : Math.min(text, TEMPLATE_TOKENS * 2),
      answer,
    })
    return {
      frames: plan.indices.map((index, i) => ({ index, time: plan.times[i] ?? 0 })),
      width: shape.width,
      height: shape.height,
      tokensPerFrame: shape.rows,
      visualTokens,
      context: visualTokens + text + answer,
      contextLimit,
      maxFrames: mostFrames((frames) => weighed(frames).lacking === null),
      memory: memory.total,
      secondsToFirstToken: seconds?.firstToken ?? null,
      seconds: seconds?.all ?? null,
      notices: [...clip.facts.notices, ...plan.notices, ...unkeptLimit(shape, settings.maxPixels)],
      impossible: lacking !== null ? tooMuch(visualTokens, text, contextLimit) : null,
    }
  }),
}

/** Scales by the hash of a model's language file, whose head takes a moment to read. */
const known = new Map<string, Promise<Scales>>()

function scalesIn(directory: string, manifest: ModelManifest): Promise<Scales> {
  const key = `${manifest.language.sha256} ${manifest.vision.sha256}`
  const scales = known.get(key) ?? checkGguf(join(directory, manifest.language.file)).then((facts) => scalesOf(manifest, facts))
  known.set(key, scales)
  scales.catch(() => known.delete(key)) // for the next one to try again; this one is told
  return scales
}

function textTokens(turns: readonly Turn[], question: string): number {
  const said = turns.reduce(
    (sum, turn) =>
      sum +
      Math.ceil(turn.question.length / CHARACTERS) +
      (turn.answer?.tokens.generated ?? Math.ceil(turn.text.length / CHARACTERS)) +
      TEMPLATE_TOKENS,
    0,
  )
  return said + Math.ceil(question.length / CHARACTERS) + TEMPLATE_TOKENS
}

/** The largest number of frames, up to the most that a clip may give, that passes; fewer frames never need more room than more. */
function mostFrames(passes: (frames: number) => boolean): number {
  let low = 0
  let high = MAX_FRAMES
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (passes(middle)) low = middle
    else high = middle - 1
  }
  return low
}

function tooMuch(visual: number, text: number, limit: number): ErrorData {
  return new TarsierError(
    'context-full',
    `The conversation would need ${visual} tokens of pictures and about ${text} of text, and the model holds ${limit} in all. Use fewer frames or fewer pixels per frame.`,
    { details: { visual, text, limit } },
  ).toData()
}
