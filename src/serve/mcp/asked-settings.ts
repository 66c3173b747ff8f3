import { isModelName } from '../../engine/models/registry.ts'
import type { AskSettings } from '../../shared/contract/asking.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { FrameRequest } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'

/** Settings in the arguments of a tool. */
interface SettingsArguments {
  readonly model?: string
  readonly maxPixels?: number
  readonly system?: string
  readonly maxTokens?: number
  readonly temperature?: number
  readonly seed?: number
}

interface FrameArguments {
  readonly frames?: number
  readonly start?: number
  readonly end?: number
  readonly times?: number[]
}

/** The settings that a tool was given, without frames. Throws `model-missing` for a path: agents select models by name. */
export function askedSettings(given: SettingsArguments): Omit<AskSettings, 'frames'> {
  const { model, maxPixels, system, maxTokens, temperature, seed } = given
  if (model !== undefined && !isModelName(model))
    throw new TarsierError('model-missing', `The model "${model}" does not exist. list_models lists the installed models.`)
  const sampling = {
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(seed !== undefined && { seed }),
  }
  return {
    ...(model !== undefined && { model }),
    ...(maxPixels !== undefined && { maxPixels }),
    ...(system !== undefined && { system }),
    ...(Object.keys(sampling).length > 0 && { sampling }),
  }
}

/** The frames that a tool was asked for; `usual` is what holds for the rest. */
export function askedFrames({ frames, start, end, times }: FrameArguments, usual: FrameRequest): FrameRequest {
  if (times) return { kind: 'times', times }
  if (!('count' in usual)) return usual
  const range = { unit: 'seconds', ...(start !== undefined && { start }), ...(end !== undefined && { end }) } as const
  const inRange = start !== undefined || end !== undefined
  return { kind: usual.kind, count: frames ?? usual.count, ...(inRange && { range }) }
}

/** What an agent has to know about a model that does not recognize everything. */
export function modelNotices(model: string, { recognizesOnly }: Pick<ModelManifest, 'recognizesOnly'>): string[] {
  return recognizesOnly === undefined
    ? []
    : [`The model "${model}" recognizes only ${recognizesOnly}; what it says of other clips is wrong.`]
}
