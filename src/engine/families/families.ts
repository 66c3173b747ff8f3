import { z } from 'zod'
import { TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { TowerForm } from '../vision/tower-form.ts'
import { llava } from './llava/llava.ts'
import type { ModelFamily, PublishedForm } from './model-family.ts'
import { qwen25Vl } from './qwen2-5-vl/qwen2-5-vl.ts'
import { qwen2Vl } from './qwen2-vl/qwen2-vl.ts'
import { qwen3Vl } from './qwen3-vl/qwen3-vl.ts'

/** All families by their names in the manifest. This is the only place that selects a family by name. */
const byName: Readonly<Record<ModelManifest['family'], ModelFamily>> = {
  tarsier2: qwen2Vl,
  'qwen2.5-vl': qwen25Vl,
  'qwen3-vl': qwen3Vl,
  tarsier: llava,
}

export const families: readonly ModelFamily[] = Object.values(byName)

/** Returns the family of an imported model. */
export function familyOf(manifest: ModelManifest): ModelFamily {
  return byName[manifest.family]
}

/** Returns the tower form of an imported model: frame sizes, preprocessing and rows. */
export function towerForm(manifest: ModelManifest): TowerForm {
  return familyOf(manifest).towerForm(manifest)
}

/** Returns the family of a checkpoint by its config.json, which was read from `path`. Throws `model-unsupported`, with what was found and what is accepted. */
export function familyOfConfig(config: unknown, path: string): ModelFamily {
  const family = families.find((known) => known.isConfig(config))
  if (family) return family
  const { found, type } = foundIn(config)
  throw new TarsierError(
    'model-unsupported',
    `${path}: found ${found}. Supported are ${families.map(({ accepted }) => accepted).join(', ')}.`,
    {
      details: { found: type ?? null },
    },
  )
}

const inner = z.looseObject({ model_type: z.string().optional() }).nullish()
const rootSchema = z.object({
  model_type: z.string().optional(),
  architectures: z.array(z.string()).nullish(),
  vision_config: inner,
  text_config: inner,
})

function foundIn(config: unknown): { readonly found: string; readonly type: string | undefined } {
  const root = rootSchema.safeParse(config)
  if (!root.success) return { found: 'an invalid config', type: undefined }
  const { model_type: type, architectures, vision_config, text_config } = root.data
  const kind = (name: string | undefined) => (name === undefined ? 'no model_type' : `model_type "${name}"`)
  const parts = [
    kind(type),
    ...(type === 'llava' ? [`vision_config of ${kind(vision_config?.model_type)}`, `text_config of ${kind(text_config?.model_type)}`] : []),
    ...(architectures ?? []).map((name) => `architecture ${name}`),
  ]
  return { found: parts.join(', '), type }
}

/** Returns a published form of checkpoints by its name. Throws `usage`. */
export function publishedForm(name: string): PublishedForm {
  const forms = families.flatMap(({ published }) => published ?? [])
  const form = forms.find((known) => known.name === name)
  if (form) return form
  throw new TarsierError(
    'usage',
    `Checkpoints cannot be exported as "${name}". Choose one of: ${forms.map((known) => known.name).join(', ')}.`,
  )
}
