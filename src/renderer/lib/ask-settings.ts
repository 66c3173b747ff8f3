import type { AskSettings } from '../../shared/contract/asking.ts'
import type { InstalledModel } from '../../shared/contract/models.ts'
import type { Settings } from '../../shared/contract/settings.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'

/** What a person chose on this clip alone: a part of it in seconds, or frames by hand (which win). */
export interface Choice {
  readonly range: { readonly start: number; readonly end: number } | null
  readonly picked: readonly number[]
}

/** Takes a limit away that an earlier question of the conversation had: absent would mean "as before". */
const NO_LIMIT = 1e9

/** How many frames are looked at, and by which rule, where none are picked. */
export function frameDefaults(settings: Settings, model: InstalledModel | undefined) {
  return {
    kind: settings.sampler ?? model?.defaults?.frames.kind ?? 'uniform',
    count: settings.frames ?? model?.defaults?.frames.count ?? 8,
  } as const
}

/** The frames that the page's controls ask for. */
export function frameRequest(choice: Choice, settings: Settings, model: InstalledModel | undefined): FrameRequest {
  if (choice.picked.length > 0) return { kind: 'indices', indices: [...choice.picked].sort((a, b) => a - b) }
  const frames = frameDefaults(settings, model)
  return choice.range ? { ...frames, range: { unit: 'seconds', ...choice.range } } : frames
}

/**
 * A question's settings as the page shows them, nothing left to what was asked before: what stands in the controls is what happens.
 * `before` are those of the conversation's last question.
 */
export function askSettings(choice: Choice, settings: Settings, model: InstalledModel | undefined, before?: AskSettings): AskSettings {
  const { maxTokens, temperature, topP, maxPixels } = settings
  const pixels = maxPixels ?? (before?.maxPixels === undefined ? null : NO_LIMIT)
  return {
    model: settings.model,
    device: settings.device,
    frames: frameRequest(choice, settings, model),
    ...(pixels !== null && { maxPixels: pixels }),
    sampling: {
      ...(maxTokens !== null && { maxTokens }),
      ...(temperature !== null && { temperature }),
      ...(topP !== null && { topP }),
    },
  }
}
