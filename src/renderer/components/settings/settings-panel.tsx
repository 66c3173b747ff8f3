import { deviceChoices } from '../../../shared/devices.ts'
import { MAX_FRAMES, samplerNames } from '../../../shared/frame-request.ts'
import { frameDefaults } from '../../lib/ask-settings.ts'
import { useCost } from '../../stores/cost.ts'
import { useModels } from '../../stores/models.ts'
import { usePlayer } from '../../stores/player.ts'
import { useSettings } from '../../stores/settings.ts'
import { Button } from '../ui/button.tsx'
import { controlClass, Field } from '../ui/field.tsx'
import { NumberInput } from '../ui/number-input.tsx'
import { CostCard } from './cost-card.tsx'
import { OwnPrompts } from './own-prompts.tsx'

const deviceNames: Readonly<Record<(typeof deviceChoices)[number], string>> = {
  auto: 'The best that works',
  cpu: 'CPU',
  cuda: 'CUDA (NVIDIA)',
  vulkan: 'Vulkan',
  metal: 'Metal (Apple)',
  dml: 'DirectML (Windows)',
  coreml: 'Core ML (Apple)',
  webgpu: 'WebGPU',
}

/** How the next question is put. Each setting says what it means, whether it is as it came, and has a way back. */
export function SettingsPanel() {
  const { view, set, reset } = useSettings()
  const installed = useModels((state) => state.installed)
  const cost = useCost((state) => state.cost)
  const byHand = usePlayer((state) => state.picked.length > 0)
  if (!view) return <p className="text-quiet">Reading the settings…</p>
  const { values, defaults } = view
  const model = installed.find(({ name }) => name === values.model)
  const frames = frameDefaults({ ...values, frames: null, sampler: null }, model)
  const generation = model?.defaults?.generation
  const field = (name: keyof typeof values) => ({ isDefault: values[name] === defaults[name], onReset: () => void reset([name]) })
  const maxFrames = cost?.maxFrames ?? MAX_FRAMES
  return (
    <div className="space-y-4">
      <CostCard />
      <Field label="Model" help={model?.problem ?? model?.summary ?? 'This model is not here any more.'} {...field('model')}>
        {({ id, describedBy }) => (
          <select
            id={id}
            aria-describedby={describedBy}
            className={controlClass}
            value={values.model}
            onChange={(event) => void set({ model: event.target.value })}
          >
            {!model && <option value={values.model}>{values.model} (not here)</option>}
            {installed.map(({ name, problem }) => (
              <option key={name} value={name} disabled={problem !== null}>
                {name}
                {problem ? ' (cannot be used)' : ''}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className="grid grid-cols-[repeat(auto-fit,minmax(11rem,1fr))] gap-x-4 gap-y-3">
        <Field
          label="Frames"
          help={
            byHand
              ? 'Frames are picked by hand now, so this does not count.'
              : cost
                ? `Up to ${maxFrames} fit${cost.memory.available === null ? ' into the conversation' : ''} with these pixels.`
                : 'How many moments of the clip are looked at.'
          }
          {...field('frames')}
        >
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.frames}
              placeholder={String(frames.count)}
              min={1}
              max={Math.max(1, maxFrames)}
              onChange={(count) => void set({ frames: count })}
            />
          )}
        </Field>
        <Field label="Where they are taken" help="Even: first and last included. Middle: the middle of equal parts." {...field('sampler')}>
          {({ id, describedBy }) => (
            <select
              id={id}
              aria-describedby={describedBy}
              className={controlClass}
              value={values.sampler ?? ''}
              onChange={(event) => void set({ sampler: samplerNames.find((name) => name === event.target.value) ?? null })}
            >
              <option value="">{frames.kind} (the model’s own)</option>
              {samplerNames.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Pixels of a frame" help={cost ? `Now ${cost.width} × ${cost.height}.` : 'At most so many.'} {...field('maxPixels')}>
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.maxPixels}
              placeholder="the model’s own"
              min={784}
              max={1e7}
              onChange={(maxPixels) => void set({ maxPixels })}
            />
          )}
        </Field>
        <Field label="Longest answer" help="In tokens, about ¾ of a word each." {...field('maxTokens')}>
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.maxTokens}
              placeholder={String(generation?.maxTokens ?? 256)}
              min={1}
              max={32768}
              onChange={(maxTokens) => void set({ maxTokens })}
            />
          )}
        </Field>
        <Field label="Temperature" help="0: the likeliest word each time. More: freer." {...field('temperature')}>
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.temperature}
              placeholder={String(generation?.temperature ?? 0)}
              min={0}
              max={2}
              step={0.1}
              onChange={(temperature) => void set({ temperature })}
            />
          )}
        </Field>
        <Field
          label="Top-p"
          help={
            (values.temperature ?? generation?.temperature ?? 0) === 0
              ? 'Has no effect while the temperature is 0.'
              : 'Only the likeliest words that reach this share.'
          }
          {...field('topP')}
        >
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.topP}
              placeholder={String(generation?.topP ?? 1)}
              min={0.01}
              max={1}
              step={0.05}
              onChange={(topP) => void set({ topP })}
            />
          )}
        </Field>
        <Field label="Device" help="Where the eyes and the language run. Help tells which ones work here." {...field('device')}>
          {({ id, describedBy }) => (
            <select
              id={id}
              aria-describedby={describedBy}
              className={controlClass}
              value={values.device}
              onChange={(event) => void set({ device: deviceChoices.find((name) => name === event.target.value) ?? 'auto' })}
            >
              {deviceChoices.map((name) => (
                <option key={name} value={name}>
                  {deviceNames[name]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Keep what was seen" help="A clip opens again without being looked at." {...field('cache')}>
          {({ id, describedBy }) => (
            <label className="flex h-8 items-center gap-2 text-[0.8125rem]">
              <input
                id={id}
                aria-describedby={describedBy}
                type="checkbox"
                className="size-4 accent-accent"
                checked={values.cache}
                onChange={(event) => void set({ cache: event.target.checked })}
              />
              On this disk
            </label>
          )}
        </Field>
      </div>
      <OwnPrompts />
      <Button
        size="small"
        onClick={() => void reset(['model', 'device', 'frames', 'sampler', 'maxPixels', 'maxTokens', 'temperature', 'topP', 'cache'])}
      >
        Reset everything but the prompts
      </Button>
    </div>
  )
}
