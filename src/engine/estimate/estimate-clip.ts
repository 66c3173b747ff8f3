import { descriptionPrompt } from '../../shared/description-prompt.ts'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { Estimate } from '../../shared/estimate.ts'
import { chatMessages } from '../conversation/chat-messages.ts'
import { PreparedClip } from '../conversation/prepared-clip.ts'
import { heldParts, memoryLimits, offloadOf, weighClip } from '../conversation/weigh-clip.ts'
import { type EstimateRequest, userMessage } from '../engine-client.ts'
import type { LoadedModel } from '../loaded-model.ts'
import type { Offload } from './gpu-share.ts'
import { measureSpeeds } from './measure.ts'
import type { RunLimits, Weight } from './scales.ts'
import { secondsOf } from './seconds.ts'
import type { SpeedBook } from './speeds.ts'

export interface EstimateSetting {
  readonly model: LoadedModel
  readonly speeds: SpeedBook
  readonly device: DeviceChoice
  readonly limits: Partial<RunLimits>
}

/** Says what a first question about a clip costs. The clip is opened and its frames are chosen; nothing is decoded. Throws what opening throws. */
export async function estimateClip(
  request: EstimateRequest,
  { model, speeds, device, limits: given }: EstimateSetting,
  signal: AbortSignal,
): Promise<Estimate> {
  const { manifest, language, scales } = model.resources
  const clip = await PreparedClip.open(request.clip, { ...model.resources, cache: null }, signal)
  try {
    const text = request.text ?? descriptionPrompt(manifest.prompt, clip.info.kind)
    const segments = await language.prompt(chatMessages([userMessage(text, request.clip)]), { addGenerationPrompt: true })
    const prompt = segments.reduce((sum, segment) => sum + (segment.kind === 'tokens' ? segment.tokens.length : 0), 0)
    const devices = model.resources.devices()
    const offload = offloadOf(devices, language)
    const limits = { context: model.facts.context, ...(await memoryLimits(language, { held: 0, offload, given })) }
    const beside = { text: prompt, pictures: 0, answer: request.maxTokens, held: heldParts(devices, false, given), offload }
    const { weight, refusal } = weighClip(clip, scales, beside, limits)
    const { shape, fitted } = clip
    const work = {
      pixels: clip.plan.pixels,
      patches: (clip.settings.frames * shape.width * shape.height) / scales.form.patching.patchSize ** 2,
      prefilled: weight.visualTokens + prompt,
      answer: weight.context - weight.visualTokens - prompt,
    }
    const decoding = await speeds.findDecoding(clip.info.codec)
    let known = await speeds.find(manifest, device)
    if (request.measure && refusal === null && secondsOf(known, decoding, work) === null) {
      const measured = await measureSpeeds(model, clip, signal)
      known = { ...measured, ...known }
      await speeds.learn(manifest, device, measured)
    }
    return {
      frames: clip.frames,
      width: shape.width,
      height: shape.height,
      tokens: { perFrame: shape.rows, visual: weight.visualTokens, prompt, context: weight.context, limit: limits.context },
      memory: { ...weight.memory, further: weight.further, available: limits.memory },
      gpu: gpuEstimate(weight, offload, limits.gpu),
      seconds: secondsOf(known, decoding, work),
      device: language.device,
      notices: clip.notices,
      ...(fitted && { fitted }),
      problem: refusal?.toData() ?? null,
    }
  } finally {
    await clip.close()
  }
}

function gpuEstimate({ gpu: { parts, further } }: Weight, { layers, of }: Offload, free: number): Estimate['gpu'] {
  const { languageWeights, visionWeights, context, languageBuffers, visionBuffers } = parts
  const total = languageWeights + visionWeights + context + languageBuffers + visionBuffers
  if (total === 0) return null
  const available = Number.isFinite(free) ? free : null
  return { layers, of, languageWeights, visionWeights, context, languageBuffers, visionBuffers, total, further, available }
}
