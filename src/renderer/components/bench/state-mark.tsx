import { CircleCheck, CircleDashed, CircleSlash, CircleX, type LucideIcon, Scale } from 'lucide-react'
import type { SampleState } from '../../../shared/contract/bench.ts'
import { t } from '../../../shared/text.ts'
import { sampleStateNames, scoreText } from '../../lib/bench-labels.ts'

const appearances: Readonly<Record<SampleState, { readonly icon: LucideIcon; readonly colour: string }>> = {
  right: { icon: CircleCheck, colour: 'text-good' },
  wrong: { icon: CircleX, colour: 'text-danger' },
  scored: { icon: Scale, colour: 'text-accent' },
  failed: { icon: CircleSlash, colour: 'text-danger' },
  answered: { icon: CircleDashed, colour: 'text-quiet' },
}

/** Result of a sample: an icon with a label or a score. */
export function StateMark({ state, score }: { readonly state: SampleState; readonly score: number | null }) {
  const { icon: Icon, colour } = appearances[state]
  return (
    <span className={`inline-flex shrink-0 items-baseline gap-1 text-note font-medium tabular-nums ${colour}`}>
      <Icon size={14} aria-hidden="true" className="self-center" />
      {state === 'scored' && score !== null ? (
        <>
          <span className="sr-only">{t('Score')} </span>
          {scoreText(score)}
        </>
      ) : (
        sampleStateNames[state]
      )}
    </span>
  )
}
