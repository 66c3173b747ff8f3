import { type DeviceChoice, deviceChoices, withGpu } from '../../../shared/devices.ts'
import { t } from '../../../shared/text.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { sentences } from '../../lib/sentences.ts'
import { service } from '../../transport.ts'
import { GpuPack } from '../devices/gpu-pack.tsx'
import { RetryDevices } from '../devices/retry-devices.tsx'
import { controlClass, Field } from '../ui/field.tsx'

const deviceNames: Readonly<Record<string, string>> = {
  auto: t('Automatic (best available)'),
  cpu: 'CPU',
  cuda: t('CUDA (NVIDIA)'),
  vulkan: 'Vulkan',
  metal: t('Metal (Apple)'),
  dml: t('DirectML (Windows)'),
  coreml: t('Core ML (Apple)'),
  webgpu: 'WebGPU',
} satisfies Readonly<Record<(typeof deviceChoices)[number], string>>

const askGpus = () => service.system.gpus()

interface DeviceFieldProps {
  readonly label: string
  readonly help: string
  readonly value: DeviceChoice
  readonly isDefault: boolean
  readonly onChange: (device: DeviceChoice) => void
  readonly onReset: () => void
}

/** Selects a device. If a device has several GPUs, each can be selected by its name. */
export function DeviceField({ label, help, value, isDefault, onChange, onReset }: DeviceFieldProps) {
  // Until the response arrives, and after an error, devices can be selected without GPU names. The Help view shows the error.
  const { answer: gpus } = useAnswer(askGpus)
  const named = (gpus ?? []).flatMap(({ device, names }) =>
    names.map((name) => ({ choice: withGpu(device, name), text: t('{device}: {name}', { device: deviceNames[device] ?? device, name }) })),
  )
  const choices = [...deviceChoices.map((choice) => ({ choice: choice as DeviceChoice, text: deviceNames[choice] ?? choice })), ...named]
  const listed = choices.some(({ choice }) => choice === value)
  return (
    <div className="grid content-start gap-2">
      <Field
        label={label}
        help={
          named.length === 0
            ? help
            : sentences(
                help,
                t(
                  'A GPU selected by name is used for the language model only: ONNX Runtime, which runs the vision tower, cannot select a GPU by name.',
                ),
              )
        }
        isDefault={isDefault}
        onReset={onReset}
      >
        {({ id, describedBy }) => (
          <select
            id={id}
            aria-describedby={describedBy}
            className={controlClass}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          >
            {choices.map(({ choice, text }) => (
              <option key={choice} value={choice}>
                {text}
              </option>
            ))}
            {!listed && <option value={value}>{value}</option>}
          </select>
        )}
      </Field>
      <GpuPack />
      <RetryDevices />
    </div>
  )
}
