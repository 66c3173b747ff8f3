import { createContext, memo, type ReactNode, useContext, useEffect, useMemo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { t } from '../../../shared/text.ts'
import type { TimedText } from '../../../shared/timed-text.ts'
import { playFrom } from '../../flows/play-from.ts'
import { useShownSource } from '../../hooks/use-shown-events.ts'
import { clauseEvents, type EventSpan, eventSpans, spans } from '../../lib/event-track.ts'
import { TIME_ADDRESS } from '../../lib/time-links.ts'
import { clockText } from '../../lib/time-text.ts'
import { CLAUSE, SUPPORT, timedText } from '../../lib/timed-parts.ts'
import { useClip } from '../../stores/clip.ts'
import { useEvents } from '../../stores/events.ts'
import { usePlayer } from '../../stores/player.ts'
import { useStage } from '../../stores/stage.ts'
import { ShadedWord } from '../events/shaded-words.tsx'
import { headings } from './prose.tsx'

interface Timed {
  readonly turn: number
  /** Whether each clause is a row with its time before it. */
  readonly rows: boolean
  readonly spans: ReadonlyMap<number, EventSpan>
}

const TimedContext = createContext<Timed>({ turn: -1, rows: false, spans: new Map() })

const components: Components = {
  ...headings,
  span: ({ node, children }) => {
    const properties = node?.properties ?? {}
    const clause = properties[CLAUSE]
    const support = properties[SUPPORT]
    if (typeof clause === 'number') return <Clause index={clause}>{children}</Clause>
    if (typeof support === 'number') return <Word support={support}>{children}</Word>
    return <span>{children}</span>
  },
  a: ({ children }) => <u>{children}</u>,
}

/** Marks of Markdown. In a text with them a clause can consist of several elements, which do not fit into a row. */
const MARKUP = /[*_`#|<>[\]~\\]|^\s*(?:[-+]|\d+[.)])\s/m

/**
 * An answer whose clauses are links to their times: in plain text one below the other, with the time of each. The clause that is playing is marked, and
 * words are shaded if the user asked for it.
 */
export const TimedProse = memo(function TimedProse({ timed, turn }: { readonly timed: TimedText; readonly turn: number }) {
  const duration = useClip((state) => state.metadata?.duration ?? 0)
  const plugins = useMemo(() => [remarkGfm, timedText(timed)], [timed])
  const context = useMemo(() => {
    const placed = eventSpans(clauseEvents(timed), duration)
    return { turn, rows: !MARKUP.test(timed.text), spans: new Map(placed.map((span) => [span.index, span])) }
  }, [timed, turn, duration])
  return (
    <TimedContext value={context}>
      <div className="prose">
        <Markdown remarkPlugins={plugins} components={components} disallowedElements={['img', 'input']}>
          {timed.text}
        </Markdown>
      </div>
    </TimedContext>
  )
})

function Clause({ index, children }: { readonly index: number; readonly children: ReactNode }) {
  const { spans: placed, rows } = useContext(TimedContext)
  const span = placed.get(index)
  if (span) return <ClauseLink span={span}>{children}</ClauseLink>
  return (
    <span title={t('The frames show no clear beginning of this.')} className={rows ? 'clause-row' : ''} data-time="">
      {rows ? <span>{children}</span> : children}
    </span>
  )
}

function ClauseLink({ span, children }: { readonly span: EventSpan; readonly children: ReactNode }) {
  const { turn, rows } = useContext(TimedContext)
  const current = usePlayer((state) => spans(span, state.time))
  const onTrack = useShownSource() === turn
  const marked = useEvents((state) => state.marked === span.index) && onTrack
  const mark = (on: boolean) => {
    useStage.getState().set({ pointed: on ? { start: span.start, end: span.end } : null })
    if (onTrack) useEvents.getState().mark(on ? span.index : null)
  }
  const { start, end } = span
  // An element that is removed gets no event for the pointer or the focus that it loses.
  useEffect(() => {
    return () => {
      const { pointed, set } = useStage.getState()
      if (pointed?.start === start && pointed.end === end) set({ pointed: null })
    }
  }, [start, end])
  const look = current ? 'bg-accent-soft' : marked ? 'bg-sunk' : 'hover:bg-sunk'
  const shape = rows ? 'clause-row' : `rounded-mark border-b-2 border-accent ${marked ? 'border-solid' : 'border-dotted'}`
  return (
    <a
      href={`${TIME_ADDRESS}${span.start}`}
      aria-current={current ? 'time' : undefined}
      title={t('Play from {time}', { time: clockText(span.start) })}
      data-time={clockText(span.start, 0)}
      data-marked={marked || undefined}
      className={`transition-colors ${shape} ${look}`}
      onClick={(event) => {
        event.preventDefault()
        playFrom(span.start)
      }}
      onMouseEnter={() => mark(true)}
      onMouseLeave={() => mark(false)}
      onFocus={() => mark(true)}
      onBlur={() => mark(false)}
    >
      {rows ? <span>{children}</span> : children}
    </a>
  )
}

function Word({ support, children }: { readonly support: number; readonly children: ReactNode }) {
  const shaded = useEvents((state) => state.shaded)
  return shaded ? <ShadedWord support={support}>{children}</ShadedWord> : children
}
