import { useEffect, useState } from 'react'
import type { Estimate } from '../../../shared/estimate.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { askSettings, frameDefaults } from '../../lib/ask-settings.ts'
import { durationText } from '../../lib/time-text.ts'
import { useChat } from '../../stores/chat.ts'
import { useClip } from '../../stores/clip.ts'
import { useCost } from '../../stores/cost.ts'
import { modelNamed } from '../../stores/models.ts'
import { usePlayer } from '../../stores/player.ts'
import { useSettings } from '../../stores/settings.ts'
import { service } from '../../transport.ts'

const names = ['Quick', 'Balanced', 'Full'] as const
type Name = (typeof names)[number]

const labels: Readonly<Record<Name, string>> = { Quick: t('Quick'), Balanced: t('Balanced'), Full: t('Full') }

/** Frames of "Full" as a multiple of the model's own number, as far as they fit. */
const FULL_TIMES = 4

/** Numbers of frames to choose from, each with what a question costs with them. "Balanced" is the number that the model was made for. */
export function Presets() {
  const values = useSettings((state) => state.view?.values)
  const set = useSettings((state) => state.set)
  const maxFrames = useCost((state) => state.cost?.maxFrames)
  const byHand = usePlayer((state) => state.picked.length > 0)
  const frames = framesOf(values, maxFrames)
  const costs = useCosts(frames)
  if (!values || !frames) return null
  const current = names.find((name) => (values.frames ?? frames.Balanced) === frames[name])
  return (
    <fieldset disabled={byHand} className="grid gap-1.5 disabled:opacity-60">
      <legend className="pb-1.5 text-control font-medium">{t('Detail')}</legend>
      {names.map((name) => (
        <label
          key={name}
          className="flex cursor-pointer items-baseline gap-3 rounded-control bg-sunk px-3 py-2 text-control has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            name="preset"
            className="translate-y-0.5 accent-accent"
            checked={current === name}
            onChange={() => void set({ frames: name === 'Balanced' ? null : frames[name] })}
          />
          <span className="w-16 shrink-0 font-medium">{labels[name]}</span>
          <span className="min-w-0 text-quiet">{costText(frames[name], costs?.[name] ?? null)}</span>
        </label>
      ))}
      {byHand && <p className="text-note text-quiet">{t('Has no effect while frames are selected manually.')}</p>}
    </fieldset>
  )
}

function framesOf(
  values: NonNullable<ReturnType<typeof useSettings.getState>['view']>['values'] | undefined,
  maxFrames: number | undefined,
): Readonly<Record<Name, number>> | null {
  if (!values) return null
  const own = frameDefaults({ ...values, frames: null }, modelNamed(values.model)).count
  const most = Math.max(own, Math.min(own * FULL_TIMES, maxFrames ?? own * FULL_TIMES))
  return { Quick: Math.max(1, Math.round(own / 2)), Balanced: own, Full: most }
}

function costText(frames: number, cost: Estimate | null): string {
  if (cost?.problem) return t('{count, plural, one {# frame} other {# frames}}: does not fit', { count: frames })
  const count = cost?.frames.length ?? frames
  const framesText = t('{count, plural, one {# frame} other {# frames}}', { count })
  if (!cost) return framesText
  return [
    framesText,
    t('{count, number} tokens', { count: cost.tokens.context }),
    sizeText(cost.memory.total),
    ...(cost.seconds === null ? [] : [t('first word in {duration}', { duration: durationText(cost.seconds.firstToken) })]),
  ].join(' · ')
}

/** What a question about the open clip costs with each number of frames; null while no clip is open, or until it is known. */
function useCosts(frames: Readonly<Record<Name, number>> | null): Readonly<Record<Name, Estimate>> | null {
  const [costs, setCosts] = useState<Readonly<Record<Name, Estimate>> | null>(null)
  const handle = useClip((state) => (state.metadata?.present ? state.metadata.handle : null))
  const values = useSettings((state) => state.view?.values)
  const range = usePlayer((state) => state.range)
  const key = JSON.stringify([frames, values, range])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the values.
  useEffect(() => {
    if (handle === null || !frames || !values) return
    const { chat } = useChat.getState()
    const abort = new AbortController()
    const { signal } = abort
    const estimate = (name: Name) => {
      const settings = askSettings(
        { range, picked: [] },
        { ...values, frames: frames[name] },
        modelNamed(values.model),
        chat?.all.at(-1)?.settings,
      )
      return service.estimate.cost({ handle, ...(chat && { chat: chat.id }), settings }, { signal })
    }
    Promise.all(names.map(estimate)).then(
      ([Quick, Balanced, Full]) => {
        if (!signal.aborted && Quick && Balanced && Full) setCosts({ Quick, Balanced, Full })
      },
      // The presets remain usable without their costs; the cost of the next question shows the error.
      () => {},
    )
    return () => abort.abort()
  }, [handle, key])
  return costs
}
