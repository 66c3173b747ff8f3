import { useModels } from '../../stores/models.ts'
import { useSettings } from '../../stores/settings.ts'
import { useView } from '../../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

/** Warns if the selected model is missing or unusable, and explains that the demo model recognizes only moving shapes. */
export function ModelNote() {
  const name = useSettings((state) => state.view?.values.model)
  const model = useModels((state) => state.installed.find((other) => other.name === name))
  const show = useView((state) => state.show)
  if (!name) return null
  const see = (
    <Button size="small" onClick={() => show('models')}>
      {model?.demo ? 'Download a model' : 'Show models'}
    </Button>
  )
  if (!model) {
    return (
      <Notice tone="bad" title={`The model “${name}” is not installed`} actions={see}>
        Choose another model in the Models view.
      </Notice>
    )
  }
  if (model.problem) {
    return (
      <Notice tone="bad" title={`${model.name} cannot be used`} actions={see}>
        {model.problem}
      </Notice>
    )
  }
  if (!model.demo) return null
  return (
    <Notice title="Demo model: moving shapes only" actions={see}>
      The model included with Tarsier is small. It recognizes only the colours, shapes and motions of drawn figures, as in the examples.
    </Notice>
  )
}
