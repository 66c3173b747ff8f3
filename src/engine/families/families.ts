import { TarsierError } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { TowerForm } from '../vision/tower-form.ts'
import { llava } from './llava/llava.ts'
import type { ModelFamily, PublishedForm } from './model-family.ts'
import { qwen2Vl } from './qwen2-vl/qwen2-vl.ts'

/** All families by their names in the manifest. This is the only place that selects a family by name. */
const byName: Readonly<Record<ModelManifest['family'], ModelFamily>> = {
  tarsier2: qwen2Vl,
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

/** Returns the family of a checkpoint. An unknown config.json is passed to Qwen2-VL, which rejects it and lists what is accepted. */
export function familyOfConfig(config: unknown): ModelFamily {
  return families.find((family) => family.isConfig(config)) ?? qwen2Vl
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
