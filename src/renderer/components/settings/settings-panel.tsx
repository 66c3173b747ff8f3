import { samplerNames } from '../../../shared/frame-request.ts'
import { type OptionInfo, optionInfo } from '../../../shared/option-info.ts'
import { options } from '../../../shared/options.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { frameDefaults } from '../../lib/ask-settings.ts'
import { rangeSentence, sentences } from '../../lib/sentences.ts'
import { useCost } from '../../stores/cost.ts'
import { useModels } from '../../stores/models.ts'
import { usePlayer } from '../../stores/player.ts'
import { useSettings } from '../../stores/settings.ts'
import { NeverConnectSwitch } from '../connections/never-connect-switch.tsx'
import { Button } from '../ui/button.tsx'
import { controlClass, Field } from '../ui/field.tsx'
import { NumberInput } from '../ui/number-input.tsx'
import { NumberSlider } from '../ui/number-slider.tsx'
import { CostCard } from './cost-card.tsx'
import { DeviceField } from './device-field.tsx'
import { LanguageField } from './language-field.tsx'
import { OwnPrompts } from './own-prompts.tsx'
import { Presets } from './presets.tsx'
import { QueueAddress } from './queue-address.tsx'
import { ShapePicker } from './shape-picker.tsx'
import { Switch } from './switch.tsx'
import { SystemPrompt } from './system-prompt.tsx'

const facts = {
  model: optionInfo(options.model),
  frames: optionInfo(options.frames),
  sampler: optionInfo(options.sampler),
  maxPixels: optionInfo(options.maxPixels),
  maxTokens: optionInfo(options.maxTokens),
  temperature: optionInfo(options.temperature),
  topP: optionInfo(options.topP),
  system: optionInfo(options.system),
  device: optionInfo(options.device),
  cache: optionInfo(options.cache),
  loadInAdvance: optionInfo(options.loadInAdvance),
  queue: optionInfo(options.queue),
}
/** Minimum of inputs whose value must be above 0. */
const SMALLEST_SHARE = 0.01

/** Step of the slider; the smallest value that it reaches. */
const TOP_P_STEP = 0.05

/** Meaning and range of a setting; `now` describes the effective value for the open clip. */
function helpText(info: OptionInfo, now = ''): string {
  return sentences(translate(info.description), rangeSentence(info), now)
}

/** @param memory free bytes; null if they are not known, and only the conversation's length limits the frames */
function fittingText(count: number, memory: number | null): string {
  return memory === null
    ? t('{count, plural, one {Up to # frame fits} other {Up to # frames fit}} into the conversation at this resolution.', { count })
    : t('{count, plural, one {Up to # frame fits} other {Up to # frames fit}} at this resolution.', { count })
}

function bounds({ min, max }: OptionInfo) {
  return { min: min ?? SMALLEST_SHARE, max: max ?? Number.MAX_SAFE_INTEGER }
}

/** The settings of the next question: what each means, whether it has its default, and a button that resets it. */
export function SettingsPanel() {
  const { view, set, reset } = useSettings()
  const installed = useModels((state) => state.installed)
  const cost = useCost((state) => state.cost)
  const byHand = usePlayer((state) => state.picked.length > 0)
  if (!view) return <p className="text-quiet">{t('Loading settings…')}</p>
  const { values, defaults } = view
  const model = installed.find(({ name }) => name === values.model)
  const frames = frameDefaults({ ...values, frames: null, sampler: null }, model)
  const generation = model?.defaults?.generation
  const field = (name: keyof typeof facts) => ({
    label: translate(facts[name].title),
    isDefault: values[name] === defaults[name],
    onReset: () => void reset([name]),
  })
  const frameBounds = bounds(facts.frames)
  const maxFrames = cost?.maxFrames ?? frameBounds.max
  return (
    <div className="space-y-5">
      <Field help={model ? translate(model.problem ?? model.summary) : t('This model is no longer installed.')} {...field('model')}>
        {({ id, describedBy }) => (
          <select
            id={id}
            aria-describedby={describedBy}
            className={controlClass}
            value={values.model}
            onChange={(event) => void set({ model: event.target.value })}
          >
            {!model && <option value={values.model}>{t('{name} (not installed)', { name: values.model })}</option>}
            {installed.map(({ name, problem }) => (
              <option key={name} value={name} disabled={problem !== null}>
                {problem ? t('{name} (cannot be used)', { name }) : name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Presets />
      <CostCard />
      <div className="grid gap-4">
        <Field
          help={
            byHand
              ? t('Has no effect while frames are selected manually.')
              : helpText(facts.frames, cost ? fittingText(maxFrames, cost.memory.available) : '')
          }
          {...field('frames')}
        >
          {(ids) => (
            <NumberSlider
              {...ids}
              label={translate(facts.frames.title)}
              value={values.frames}
              usual={frames.count}
              min={frameBounds.min}
              max={Math.max(1, maxFrames)}
              step={1}
              onChange={(count) => void set({ frames: count })}
            />
          )}
        </Field>
        <Field help={helpText(facts.sampler)} {...field('sampler')}>
          {({ id, describedBy }) => (
            <select
              id={id}
              aria-describedby={describedBy}
              className={controlClass}
              value={values.sampler ?? ''}
              onChange={(event) => void set({ sampler: samplerNames.find((name) => name === event.target.value) ?? null })}
            >
              <option value="">{t('{name} (model default)', { name: frames.kind })}</option>
              {samplerNames.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
        <Field
          help={helpText(facts.maxPixels, cost ? t('Currently {width} × {height}.', { width: cost.width, height: cost.height }) : '')}
          {...field('maxPixels')}
        >
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.maxPixels}
              placeholder={t('model default')}
              {...bounds(facts.maxPixels)}
              onChange={(maxPixels) => void set({ maxPixels })}
            />
          )}
        </Field>
        <Field help={helpText(facts.maxTokens)} {...field('maxTokens')}>
          {(ids) => (
            <NumberInput
              {...ids}
              value={values.maxTokens}
              placeholder={String(generation?.maxTokens ?? 256)}
              {...bounds(facts.maxTokens)}
              onChange={(maxTokens) => void set({ maxTokens })}
            />
          )}
        </Field>
        <Field help={helpText(facts.temperature)} {...field('temperature')}>
          {(ids) => (
            <NumberSlider
              {...ids}
              label={translate(facts.temperature.title)}
              value={values.temperature}
              usual={generation?.temperature ?? 0}
              {...bounds(facts.temperature)}
              step={0.1}
              onChange={(temperature) => void set({ temperature })}
            />
          )}
        </Field>
        <Field
          help={
            (values.temperature ?? generation?.temperature ?? 0) === 0
              ? t('Has no effect while the temperature is 0.')
              : helpText(facts.topP)
          }
          {...field('topP')}
        >
          {(ids) => (
            <NumberSlider
              {...ids}
              label={translate(facts.topP.title)}
              value={values.topP}
              usual={generation?.topP ?? 1}
              min={TOP_P_STEP}
              max={1}
              step={TOP_P_STEP}
              onChange={(topP) => void set({ topP })}
            />
          )}
        </Field>
        <DeviceField
          help={helpText(facts.device, t('The Help view lists the devices that work on this machine.'))}
          value={values.device}
          onChange={(device) => void set({ device })}
          {...field('device')}
        />
        <Field help={helpText(facts.cache)} {...field('cache')}>
          {(ids) => <Switch {...ids} text={t('Store on disk')} value={values.cache} onChange={(cache) => void set({ cache })} />}
        </Field>
        <Field help={helpText(facts.loadInAdvance)} {...field('loadInAdvance')}>
          {(ids) => (
            <Switch
              {...ids}
              text={t('Load before the first question')}
              value={values.loadInAdvance}
              onChange={(loadInAdvance) => void set({ loadInAdvance })}
            />
          )}
        </Field>
      </div>
      <Field help={translate(facts.system.description)} {...field('system')}>
        {(ids) => <SystemPrompt {...ids} value={values.system} onChange={(system) => set({ system })} />}
      </Field>
      <Field
        label={t('Caption shape')}
        help={t(
          'Rules for captions, such as those of training sets: length, openings, words, prefix. Answers keep the model’s own text beside it.',
        )}
        isDefault={values.shape === null}
        onReset={() => void reset(['shape'])}
      >
        {(ids) => <ShapePicker {...ids} value={values.shape} onChange={(shape) => set({ shape })} />}
      </Field>
      <Field help={translate(facts.queue.description)} {...field('queue')}>
        {(ids) => <QueueAddress {...ids} value={values.queue} onChange={(queue) => set({ queue })} />}
      </Field>
      <LanguageField />
      <NeverConnectSwitch />
      <OwnPrompts />
      <Button size="small" onClick={() => void reset([...(Object.keys(facts) as (keyof typeof facts)[]), 'shape'])}>
        {t('Reset all settings (keeps your prompts)')}
      </Button>
    </div>
  )
}
