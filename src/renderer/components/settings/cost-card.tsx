import type { Estimate } from '../../../shared/estimate.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { durationText } from '../../lib/time-text.ts'
import { useCost } from '../../stores/cost.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'

/** Estimated cost of the next question with the current settings. */
export function CostCard() {
  const { cost, problem } = useCost()
  const failure = problem ?? cost?.problem
  if (failure) return <FailureNotice error={failure} />
  if (!cost) return null
  const { width, height, seconds } = cost
  const { visual, perFrame, context, limit } = cost.tokens
  const rows: readonly (readonly [string, string])[] = [
    [t('Frames'), t('{count, plural, one {# frame} other {# frames}}, {width} × {height}', { count: cost.frames.length, width, height })],
    [t('Clip tokens'), t('{visual, number} ({perFrame} per frame)', { visual, perFrame })],
    [t('Conversation'), t('{context, number} of {limit, number} tokens', { context, limit })],
    [t('Memory'), memoryText(cost.memory)],
    [t('Time to first word'), seconds === null ? t('available after the first answer') : durationText(seconds.firstToken)],
    [t('Time for the longest answer'), seconds === null ? t('available after the first answer') : durationText(seconds.all)],
  ]
  return (
    <section aria-label={t('Cost of the next question')} className="rounded-control bg-sunk px-3 py-2.5">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 text-control">
        {rows.map(([what, how]) => (
          <div key={what} className="contents">
            <dt className="text-quiet">{what}</dt>
            <dd className="text-right tabular-nums">{how}</dd>
          </div>
        ))}
      </dl>
      {cost.notices.map((text) => (
        <p key={text} className="pt-1.5 text-note text-quiet">
          {translate(text)}
        </p>
      ))}
    </section>
  )
}

function memoryText({ total, available }: Estimate['memory']): string {
  return available === null ? sizeText(total) : t('{total}, {available} free', { total: sizeText(total), available: sizeText(available) })
}
