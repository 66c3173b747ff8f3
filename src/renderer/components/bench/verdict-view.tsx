import { Check, HelpCircle, X } from 'lucide-react'
import type { JudgedEvent, SampleVerdict } from '../../../shared/contract/bench.ts'
import { assertNever } from '../../../shared/errors.ts'
import { scoreText } from '../../lib/bench-labels.ts'

/** The verdict on an answer, with its reasons. */
export function VerdictView({ verdict }: { readonly verdict: SampleVerdict }) {
  switch (verdict.kind) {
    case 'choice':
      return <p className="text-control text-quiet">Read as option {verdict.letter ?? 'none'}.</p>
    case 'none':
      return (
        <div className="space-y-1 text-control">
          <p>The judge returned no verdict. The next evaluation asks it again. {verdict.reason}</p>
          <JudgeLine judge={verdict.judge} />
        </div>
      )
    case 'judged':
      return (
        <div className="space-y-1 text-control">
          <p>
            The judge rated this answer as {verdict.correct ? 'right' : 'wrong'}, with a score of {verdict.score} out of 5.
          </p>
          {verdict.reason && <p className="text-quiet">{verdict.reason}</p>}
          <JudgeLine judge={verdict.judge} />
        </div>
      )
    case 'events':
      return (
        <div className="space-y-3">
          <EventList
            title="Reference events found in the answer"
            share={verdict.recall.share}
            figure="Recall"
            events={verdict.recall.events}
          />
          <EventList
            title="Answer events found in the reference"
            share={verdict.precision.share}
            figure="Precision"
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
  return judge && <p className="text-note text-quiet">Judge: {judge}</p>
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
        {events.length === 0 && <li className="px-3 py-1.5 text-control text-quiet">No events.</li>}
      </ul>
    </section>
  )
}

/** Styles for the judge's relations. Any other relation is shown by its name. */
const relations: ReadonlyMap<string, { readonly icon: typeof Check; readonly colour: string; readonly name: string }> = new Map([
  ['entailment', { icon: Check, colour: 'text-good', name: 'Entailed' }],
  ['contradiction', { icon: X, colour: 'text-danger', name: 'Contradicted' }],
])

function EventItem({ event: { event, relationship, reason } }: { readonly event: JudgedEvent }) {
  const {
    icon: Icon,
    colour,
    name,
  } = relations.get(relationship) ?? { icon: HelpCircle, colour: 'text-quiet', name: relationship || 'Unknown' }
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
