import type { Estimate } from '../../../shared/estimate.ts'
import { counted, sizeText } from '../../../shared/size-text.ts'
import { durationText } from '../../lib/time-text.ts'
import { useCost } from '../../stores/cost.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'

/** Estimated cost of the next question with the current settings. */
export function CostCard() {
  const { cost, problem } = useCost()
  const failure = problem ?? cost?.problem
  if (failure) return <FailureNotice error={failure} />
  if (!cost) return null
  const rows: readonly (readonly [string, string])[] = [
    ['Frames', `${counted(cost.frames.length, 'frame')}, ${cost.width} × ${cost.height}`],
    ['Clip tokens', `${cost.tokens.visual.toLocaleString('en')} (${cost.tokens.perFrame} per frame)`],
    ['Conversation', `${cost.tokens.context.toLocaleString('en')} of ${cost.tokens.limit.toLocaleString('en')} tokens`],
    ['Memory', memoryText(cost.memory)],
    ['Time to first word', cost.seconds === null ? 'available after the first answer' : durationText(cost.seconds.firstToken)],
    ['Time for the longest answer', cost.seconds === null ? 'available after the first answer' : durationText(cost.seconds.all)],
  ]
  return (
    <section aria-label="Cost of the next question" className="rounded-control bg-sunk px-3 py-2.5">
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
          {text}
        </p>
      ))}
    </section>
  )
}

function memoryText({ total, available }: Estimate['memory']): string {
  return available === null ? sizeText(total) : `${sizeText(total)}, ${sizeText(available)} free`
}
