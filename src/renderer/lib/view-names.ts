import { t } from '../../shared/text.ts'
import type { View } from '../stores/view.ts'

/** Names of the views, as the navigation and the window's title have them. */
export const viewNames: Readonly<Record<View, string>> = {
  clip: t('Clip'),
  library: t('Library'),
  batches: t('Batches'),
  models: t('Models'),
  benchmarks: t('Benchmarks'),
  help: t('Help'),
}
