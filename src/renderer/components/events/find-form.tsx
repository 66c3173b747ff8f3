import { Timer } from 'lucide-react'
import { useEffect, useId, useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import type { FindEventsCost, FindEventsSettings } from '../../../shared/contract/events.ts'
import type { TarsierError } from '../../../shared/errors.ts'
import { type OptionInfo, optionInfo } from '../../../shared/option-info.ts'
import { eventOptions } from '../../../shared/options.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { durationText } from '../../lib/time-text.ts'
import { useEvents } from '../../stores/events.ts'
import { problemOf } from '../../stores/problem.ts'
import { useSettings } from '../../stores/settings.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { controlClass, Field } from '../ui/field.tsx'
import { NumberInput } from '../ui/number-input.tsx'

/** Debounces changes while the user types. */
const DEBOUNCE_MS = 250

const segmentInfo = optionInfo(eventOptions.segmentSeconds)
const precisionInfo = optionInfo(eventOptions.precision)

/** A value of the last search; null if it is the default. */
function changed(value: number | undefined, { whenAbsent }: OptionInfo): number | null {
  return value === undefined || String(value) === whenAbsent ? null : value
}

/** Options of a search for events, which start as those of the last search and stay while another tab is shown, its cost, and the button that starts it. */
export function FindForm({ metadata, onStart }: { readonly metadata: ClipMetadata; readonly onStart?: () => void }) {
  const { handle } = metadata
  const id = useId()
  const { asked, stored, draft, edit, find } = useEvents()
  const given = draft ?? asked ?? stored?.settings
  const segmentSeconds = changed(given?.segmentSeconds, segmentInfo)
  const precision = changed(given?.precision, precisionInfo)
  const scenes = given?.scenes ?? true
  const text = given?.text ?? ''
  /** Another value of an option; null for the default. */
  const setNumber = (name: 'segmentSeconds' | 'precision', value: number | null) => {
    const { [name]: _before, ...others } = given ?? {}
    edit(value === null ? others : { ...others, [name]: value })
  }
  const settings: FindEventsSettings = {
    ...(segmentSeconds !== null && { segmentSeconds }),
    ...(precision !== null && { precision }),
    ...(!scenes && { scenes }),
    ...(text.trim() !== '' && { text: text.trim() }),
  }
  const { cost, problem } = useFindCost(handle, settings)
  const why = metadata.present ? problem && translate(problem.message) : t('The file is missing. Locate it first')
  const start = () => {
    void find(handle, settings)
    onStart?.()
  }
  return (
    <form
      aria-label={t('Find events')}
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (why === null) start()
      }}
    >
      <p className="text-control text-quiet">{t('Finds what happens in the clip, and when. Long clips are described in segments.')}</p>
      <details className="rounded-control bg-sunk px-3 py-2">
        <summary className="text-control font-medium">{t('Options')}</summary>
        <div className="grid grid-cols-[repeat(auto-fit,minmax(10rem,1fr))] gap-x-4 gap-y-2 pt-2">
          <SecondsField info={segmentInfo} value={segmentSeconds} step={0.1} onChange={(value) => setNumber('segmentSeconds', value)} />
          <SecondsField info={precisionInfo} value={precision} step={0.01} onChange={(value) => setNumber('precision', value)} />
        </div>
        <label className="flex items-center gap-2 py-2 text-control">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={scenes}
            onChange={(event) => edit({ ...given, scenes: event.target.checked })}
          />
          {t('Begin segments at shot changes')}
        </label>
        <label htmlFor={id} className="block pb-1 text-control font-medium">
          {t('Your own text (optional)')}
        </label>
        <textarea
          id={id}
          rows={3}
          placeholder={t('The events of this text are timed in the whole clip, instead of descriptions of its segments.')}
          className={`${controlClass} h-auto resize-y py-1.5 placeholder:text-quiet`}
          value={text}
          onChange={(event) => edit({ ...given, text: event.target.value })}
        />
      </details>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <Button type="submit" variant="primary" size="small" why={why}>
          <Timer size={14} aria-hidden="true" /> {t('Find events')}
        </Button>
        <p className={`min-w-0 flex-1 text-note ${problem ? 'text-danger' : 'text-quiet'}`} aria-live="polite">
          {problem ? translate(problem.message) : cost ? costText(cost, scenes) : t('Estimating the cost…')}
        </p>
      </div>
    </form>
  )
}

interface SecondsFieldProps {
  readonly info: OptionInfo
  /** Null for the default. */
  readonly value: number | null
  readonly step: number
  readonly onChange: (value: number | null) => void
}

function SecondsField({ info, value, step, onChange }: SecondsFieldProps) {
  const { title, description, whenAbsent, min, max } = info
  return (
    <Field
      label={t('{option} in seconds', { option: translate(title) })}
      help={translate(description)}
      isDefault={value === null}
      onReset={() => onChange(null)}
    >
      {(ids) => (
        <NumberInput
          {...ids}
          value={value}
          placeholder={translate(whenAbsent ?? '')}
          min={min ?? 0}
          max={max ?? Number.MAX_SAFE_INTEGER}
          step={step}
          onChange={onChange}
        />
      )}
    </Field>
  )
}

function costText({ segments, seconds }: FindEventsCost, scenes: boolean): string {
  const count =
    scenes && segments > 1
      ? t('at least {count, plural, one {# segment} other {# segments}}', { count: segments })
      : t('{count, plural, one {# segment} other {# segments}}', { count: segments })
  return seconds === null
    ? t('{segments}, time not known for this model and device yet', { segments: count })
    : t('{segments}, about {duration}', { segments: count, duration: durationText(seconds) })
}

/** Cost of a search with these settings, and with the user's settings for all others. */
function useFindCost(handle: string, settings: FindEventsSettings) {
  const [cost, setCost] = useState<FindEventsCost | null>(null)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  const values = useSettings((state) => state.view?.values)
  const key = JSON.stringify(settings)
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal settings are a new object at each rendering.
  useEffect(() => {
    const abort = new AbortController()
    const { signal } = abort
    const timer = setTimeout(() => {
      service.events.cost({ handle, settings }, { signal }).then(
        (found) => {
          if (signal.aborted) return
          setCost(found)
          setProblem(null)
        },
        (error: unknown) => signal.aborted || setProblem(problemOf(error)),
      )
    }, DEBOUNCE_MS)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [handle, key, values])
  return { cost, problem }
}
