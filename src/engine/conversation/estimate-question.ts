import { descriptionPrompt } from '../../shared/description-prompt.ts'
import type { DeviceChoice } from '../../shared/devices.ts'
import type { Estimate } from '../../shared/estimate.ts'
import { type EstimateRequest, systemMessages, userMessage } from '../engine-client.ts'
import { clipEstimate, firstWork } from '../estimate/clip-estimate.ts'
import { decideRun } from '../estimate/decide-run.ts'
import { measureSpeeds } from '../estimate/measure.ts'
import { loadedMemory, type RequestedLimits } from '../estimate/memory-state.ts'
import { secondsOf } from '../estimate/seconds.ts'
import type { SpeedStore } from '../estimate/speeds.ts'
import type { LoadedModel } from '../loaded-model.ts'
import { countText } from './chat-messages.ts'
import { PreparedClip } from './prepared-clip.ts'

export interface EstimateSetting {
  readonly model: LoadedModel
  readonly speeds: SpeedStore
  readonly device: DeviceChoice
  readonly limits: RequestedLimits
}

/** Estimates a first question about a clip. Opens the clip and chooses frames, but decodes nothing. Throws as opening does. */
export async function estimateQuestion(
  { clip: clipRequest, text, system, maxTokens, measure }: EstimateRequest,
  { model, speeds, device, limits }: EstimateSetting,
  signal: AbortSignal,
): Promise<Estimate> {
  const { resources } = model
  const { manifest, language, costs, towerInFile } = resources
  const clip = await PreparedClip.open(clipRequest, { ...resources, cache: null }, signal)
  try {
    const question = userMessage(text ?? descriptionPrompt(manifest.prompt, clip.info.kind), clipRequest)
    const request = {
      costs,
      ...clip.runPart,
      text: await countText(language, [...systemMessages(system), question], [clip.leadIn]),
      otherClips: 0,
      answer: maxTokens,
      contextLimit: model.info.context,
      memory: await loadedMemory({ language, costs, devices: resources.devices(), towerInFile }, 0, limits),
    }
    const decision = decideRun(request, { mayShrink: clipRequest.fit ?? false })
    clip.fit(decision.settings)
    const work = firstWork(request, decision, clip.plan.pixels)
    const decoding = await speeds.findDecoding(clip.info.codec)
    let known = await speeds.find(manifest, device)
    if (measure && decision.refusal === null && secondsOf(known, decoding, work) === null) {
      const measured = await measureSpeeds(resources, clip, signal)
      known = { ...measured, ...known }
      await speeds.record(manifest, device, measured)
    }
    const { frames, notices, fitted } = clip
    return clipEstimate(request, { decision, frames, notices, fitted, device: language.device, work, speeds: known, decoding })
  } finally {
    await clip.close()
  }
}
