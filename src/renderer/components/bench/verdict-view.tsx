import { Check, HelpCircle, X } from 'lucide-react'
import type { JudgedEvent, SampleVerdict } from '../../../shared/contract/bench.ts'
import { assertNever } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { scoreText } from '../../lib/bench-labels.ts'

/** The verdict on an answer, with its reasons. */
export function VerdictView({ verdict }: { readonly verdict: SampleVerdict }) {
  switch (verdict.kind) {
    case 'choice':
      return (
        <p className="text-control text-quiet">
          {verdict.letter === null ? t('Read as option none.') : t('Read as option {letter}.', { letter: verdict.letter })}
        </p>
      )
    case 'none':
      return (
        <div className="space-y-1 text-control">
          <p>
            {t('The judge returned no verdict. The next evaluation asks it again.')} {translate(verdict.reason)}
          </p>
          <JudgeLine judge={verdict.judge} />
        </div>
      )
    case 'judged':
      return (
        <div className="space-y-1 text-control">
          <p>
            {verdict.correct
              ? t('The judge rated this answer as right, with a score of {score} out of 5.', { score: verdict.score })
              : t('The judge rated this answer as wrong, with a score of {score} out of 5.', { score: verdict.score })}
          </p>
          {verdict.reason && <p className="text-quiet">{verdict.reason}</p>}
          <JudgeLine judge={verdict.judge} />
        </div>
      )
    case 'events':
      return (
        <div className="space-y-3">
          <EventList
            title={t('Reference events found in the answer')}
            share={verdict.recall.share}
            figure={t('Recall')}
            events={verdict.recall.events}
          />
          <EventList
            title={t('Answer events found in the reference')}
            share={verdict.precision.share}
            figure={t('Precision')}
            events={verdict.precision.events}
          />
          <JudgeLine judge={verdict.judge} />
        </div>
      )
    default:
      return assertNever(verdict, 'verdict')
  }
}

function JudgeLine({ judge }: { readonly judge: string | null }) {
  return judge && <p className="text-note text-quiet">{t('Judge: {judge}', { judge })}</p>
}

interface EventListProps {
  readonly title: string
  readonly figure: string
  readonly share: number
  readonly events: readonly JudgedEvent[]
}

function EventList({ title, figure, share, events }: EventListProps) {
  return (
    <section aria-label={title} className="space-y-1">
      <h4 className="text-control font-medium">
        {title}{' '}
        <span className="text-quiet tabular-nums">
          {figure} {scoreText(share)}
        </span>
      </h4>
      <ul className="divide-y divide-line rounded-panel bg-panel shadow-panel">
        {events.map((event, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a judge may repeat an event, and events never change their order.
          <EventItem key={i} event={event} />
        ))}
        {events.length === 0 && <li className="px-3 py-1.5 text-control text-quiet">{t('No events.')}</li>}
      </ul>
    </section>
  )
}

/** Styles for the judge's relations. Any other relation is shown by its name. */
const relations: ReadonlyMap<string, { readonly icon: typeof Check; readonly colour: string; readonly name: string }> = new Map([
  ['entailment', { icon: Check, colour: 'text-good', name: t('Entailed') }],
  ['contradiction', { icon: X, colour: 'text-danger', name: t('Contradicted') }],
])

function EventItem({ event: { event, relationship, reason } }: { readonly event: JudgedEvent }) {
  const {
    icon: Icon,
    colour,
    name,
  } = relations.get(relationship) ?? { icon: HelpCircle, colour: 'text-quiet', name: relationship || t('Unknown') }
  return (
    <li className="flex gap-2 px-3 py-1.5 text-control">
      <Icon size={15} aria-hidden="true" className={`mt-0.5 shrink-0 ${colour}`} />
      <div className="min-w-0 wrap-anywhere">
        <p>
          {event} <span className={`whitespace-nowrap ${colour}`}>{name}</span>
        </p>
        {reason && <p className="text-quiet">{reason}</p>}
      </div>
    </li>
  )
}
