import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { sentences } from '../../lib/sentences.ts'
import { useModels } from '../../stores/models.ts'
import { useRealModel } from '../../stores/real-model.ts'
import { useSettings } from '../../stores/settings.ts'
import { useView } from '../../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

/** Warns if the selected model is missing or unusable, and says what the demo model recognizes. */
export function ModelNote() {
  const name = useSettings((state) => state.view?.values.model)
  const installed = useModels((state) => state.installed)
  const show = useView((state) => state.show)
  // The demo model is always installed, so an empty list has not been read yet.
  if (!name || installed.length === 0) return null
  const model = installed.find((other) => other.name === name)
  const see = (
    <Button size="small" onClick={() => (model?.demo ? useRealModel.getState().offer(true) : show('models'))}>
      {model?.demo ? t('Get a real model') : t('Show models')}
    </Button>
  )
  if (!model) {
    return (
      <Notice tone="bad" title={t('The model “{name}” is not installed', { name })} actions={see}>
        {t('Choose another model in the Models view.')}
      </Notice>
    )
  }
  if (model.problem) {
    return (
      <Notice tone="bad" title={t('{name} cannot be used', { name })} actions={see}>
        {translate(model.problem)}
      </Notice>
    )
  }
  if (!model.demo) return null
  return (
    <Notice title={t('Demo model: moving shapes only')} actions={see}>
      {sentences(
        t('The model included with Tarsier is small.'),
        t('It recognizes the colors, shapes and motions of drawn figures and their background, as in the examples.'),
      )}
    </Notice>
  )
}
