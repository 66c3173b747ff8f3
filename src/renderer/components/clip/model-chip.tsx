import { type DeviceChoice, deviceChoices } from '../../../shared/devices.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useActivity } from '../../stores/activity.ts'
import { useChat } from '../../stores/chat.ts'
import { useModels } from '../../stores/models.ts'
import { usePanel } from '../../stores/panel.ts'
import { useSettings } from '../../stores/settings.ts'
import { Hint } from '../ui/hint.tsx'

type Lamp = 'ready' | 'busy' | 'none' | 'bad'

const lamps: Readonly<Record<Lamp, string>> = {
  ready: 'bg-good',
  busy: 'breathing bg-accent',
  none: 'border-2 border-edge',
  bad: 'bg-danger',
}

/** The selected model with its device and state. Opens the settings. */
export function ModelChip() {
  const name = useSettings((state) => state.view?.values.model)
  const device = useSettings((state) => state.view?.values.device)
  const { lamp, text } = useModelState(name)
  if (!name) return null
  return (
    <Hint text={text} side="bottom">
      <button
        type="button"
        aria-haspopup="dialog"
        onClick={() => usePanel.getState().showSettings(true)}
        className="flex min-h-8 max-w-64 min-w-0 shrink items-center gap-2 rounded-full border border-line bg-panel px-3.5 text-control font-medium hover:border-edge max-wide:max-w-36"
      >
        <span className={`size-2 shrink-0 rounded-full ${lamps[lamp]}`} />
        <span className="truncate">
          <span className="sr-only">{t('Model')} </span>
          {name}
        </span>
        {device && <span className="shrink-0 font-normal text-quiet max-wide:hidden">{deviceText(device)}</span>}
      </button>
    </Hint>
  )
}

function deviceText(device: DeviceChoice): string {
  if (device === 'auto') return t('automatic device')
  return deviceChoices.some((choice) => choice === device) ? device.toUpperCase() : device
}

function useModelState(name: string | undefined): { readonly lamp: Lamp; readonly text: string } {
  const { activity, connected } = useActivity()
  const loading = useChat((state) => state.run?.stage === 'loading')
  const model = useModels((state) => state.installed.find((other) => other.name === name))
  const known = useModels((state) => state.installed.length > 0)
  if (!connected) return { lamp: 'bad', text: t('Tarsier does not respond.') }
  if (known && !model) return { lamp: 'bad', text: t('This model is not installed.') }
  if (model?.problem) return { lamp: 'bad', text: translate(model.problem) }
  if (loading || activity?.loading) return { lamp: 'busy', text: t('The model is being loaded.') }
  if (!activity?.model) return { lamp: 'none', text: t('Not in memory yet. It is loaded with the next question.') }
  if (activity.running === 'nothing') return { lamp: 'ready', text: t('{model} is in memory.', { model: activity.model }) }
  const text = t(
    '{model} is in memory and generates an answer.{waiting, plural, =0 {} one { # question waiting.} other { # questions waiting.}}',
    { model: activity.model, waiting: activity.waiting },
  )
  return { lamp: 'busy', text }
}
