import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { TowerForm } from '../vision/tower-form.ts'
import { llava } from './llava/llava.ts'
import type { ModelFamily } from './model-family.ts'
import { qwen2Vl } from './qwen2-vl/qwen2-vl.ts'

/** Every family by its name in the manifest: the one place that asks for a family by name. */
const byName: Readonly<Record<ModelManifest['family'], ModelFamily>> = {
  tarsier2: qwen2Vl,
  tarsier: llava,
}

export const families: readonly ModelFamily[] = Object.values(byName)

/** The family of an imported model, by its manifest. */
export function familyOf(manifest: ModelManifest): ModelFamily {
  return byName[manifest.family]
}

/** How the tower of an imported model takes frames: their size, preparation and rows. */
export function towerForm(manifest: ModelManifest): TowerForm {
  return familyOf(manifest).towerForm(manifest)
}

/** The family of a checkpoint by its config.json. One that none knows is Qwen2-VL's to refuse, which says what is accepted. */
export function familyOfConfig(config: unknown): ModelFamily {
  return families.find((family) => family.isConfig(config)) ?? qwen2Vl
}
