import { assertNever } from '../../shared/errors.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import { clipForm } from './clip.ts'
import { qwen2VlForm } from './qwen2-vl.ts'
import type { TowerForm } from './tower-form.ts'

/** The one place that asks which family a model is of. */
export function towerForm(manifest: ModelManifest): TowerForm {
  switch (manifest.family) {
    case 'tarsier2':
      return qwen2VlForm(manifest)
    case 'tarsier':
      return clipForm(manifest)
    default:
      return assertNever(manifest, 'model family')
  }
}
