import type { AskSettings } from '../../shared/contract/asking.ts'
import type { InstalledModel } from '../../shared/contract/models.ts'
import type { Settings } from '../../shared/contract/settings.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'

/** The user's selection for this clip: a range in seconds, or individual frames, which take precedence. */
export interface Choice {
  readonly range: { readonly start: number; readonly end: number } | null
  readonly picked: readonly number[]
}

/** Removes the limit of an earlier question in the conversation, because an absent limit means "unchanged". */
const NO_LIMIT = 1e9

/** Number of frames and sampling rule if no frames are selected by hand. */
export function frameDefaults(settings: Settings, model: InstalledModel | undefined) {
  return {
    kind: settings.sampler ?? model?.defaults?.frames.kind ?? 'uniform',
    count: settings.frames ?? model?.defaults?.frames.count ?? 8,
  } as const
}

/** The frame request for the current controls. */
export function frameRequest(choice: Choice, settings: Settings, model: InstalledModel | undefined): FrameRequest {
  if (choice.picked.length > 0) return { kind: 'indices', indices: [...choice.picked].sort((a, b) => a - b) }
  const frames = frameDefaults(settings, model)
  return choice.range ? { ...frames, range: { unit: 'seconds', ...choice.range } } : frames
}

/**
 * Settings of a question as the page's controls show them. Nothing is inherited from earlier questions.
 * `before` are the settings of the conversation's last question.
 */
export function askSettings(choice: Choice, settings: Settings, model: InstalledModel | undefined, before?: AskSettings): AskSettings {
  const { maxTokens, temperature, topP, maxPixels, system, shape } = settings
  const pixels = maxPixels ?? (before?.maxPixels === undefined ? null : NO_LIMIT)
  return {
    model: settings.model,
    device: settings.device,
    frames: frameRequest(choice, settings, model),
    ...(pixels !== null && { maxPixels: pixels }),
    system,
    shape,
    sampling: {
      ...(maxTokens !== null && { maxTokens }),
      ...(temperature !== null && { temperature }),
      ...(topP !== null && { topP }),
    },
  }
}
