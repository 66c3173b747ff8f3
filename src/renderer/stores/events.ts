import { create } from 'zustand'
import type { FindEventsSettings, StoredEvents } from '../../shared/contract/events.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { eventDefaults } from '../../shared/options.ts'
import { Latest } from '../lib/latest.ts'
import { afterFind, afterScoring, type FindRun, newFind, newScoring, type ScoringRun } from '../lib/scoring-run.ts'
import { service } from '../transport.ts'
import { useChat } from './chat.ts'
import { problemOf } from './problem.ts'

/** Whose events the page shows: those of the clip, or those of the answer with this index in the conversation. */
export type EventsSource = 'clip' | number

/** An answer: its conversation, and its index there. */
export interface AnswerPlace {
  readonly chat: string
  readonly turn: number
}

interface EventsState {
  /** The stored events of the open clip; null if there are none. */
  readonly stored: StoredEvents | null
  /** True once the stored events of the open clip are known. */
  readonly loaded: boolean
  /** The search for events, until its result is stored. A stopped or failed one stays visible until it is dismissed. */
  readonly run: FindRun | null
  readonly problem: TarsierError | null
  /** Settings of the last search, so that it can be repeated. */
  readonly asked: FindEventsSettings | null
  /** Settings of the next search as far as the user has changed them; null for those of the last one. */
  readonly draft: FindEventsSettings | null
  /** The user's choice; null for the clip's events if there are any, otherwise those of the last answer with times. */
  readonly source: EventsSource | null
  /** Index of the event under the pointer or with the focus. */
  readonly marked: number | null
  /** Whether words are shaded by their support. */
  readonly shaded: boolean
  /** The answer whose times are being found. */
  readonly timing: (AnswerPlace & { readonly run: ScoringRun }) | null
  readonly timingProblem: (AnswerPlace & { readonly error: TarsierError }) | null
  readonly edit: (draft: FindEventsSettings) => void
  readonly load: (handle: string) => Promise<void>
  readonly find: (handle: string, settings: FindEventsSettings) => Promise<void>
  readonly stopFind: () => void
  readonly dismiss: () => void
  readonly remove: (handle: string) => Promise<void>
  readonly time: (chat: string, turn: number) => Promise<void>
  readonly stopTiming: () => void
  readonly choose: (source: EventsSource) => void
  readonly mark: (index: number | null) => void
  readonly shade: (shaded: boolean) => void
  /** Stops everything, because another clip is opened. */
  readonly clear: () => void
}

const empty = {
  stored: null,
  loaded: false,
  run: null,
  problem: null,
  asked: null,
  draft: null,
  source: null,
  marked: null,
  timing: null,
  timingProblem: null,
}
const loading = new Latest()
const finding = new Latest()
const timing = new Latest()

/** The events of the open clip and the times of its answers. */
export const useEvents = create<EventsState>((set, get) => ({
  ...empty,
  shaded: false,
  edit: (draft) => set({ draft }),
  load: async (handle) => {
    const signal = loading.begin()
    try {
      const stored = await service.events.get({ handle }, { signal })
      if (!signal.aborted) set({ stored, loaded: true })
    } catch (error) {
      const problem = problemOf(error)
      if (problem && !signal.aborted) set({ problem, loaded: true })
    }
  },
  find: async (handle, settings) => {
    const signal = finding.begin()
    set({ run: newFind, problem: null, asked: settings, draft: null, source: 'clip', marked: null })
    const change = (state: Partial<EventsState>) => signal.aborted || set(state)
    try {
      for await (const event of await service.events.find({ handle, settings }, { signal })) {
        const { run } = get()
        if (signal.aborted) return
        if (event.kind === 'saved') change({ stored: event.stored, loaded: true, run: null })
        else if (run) change({ run: afterFind(run, event) })
      }
    } catch (error) {
      const { run } = get()
      change({ problem: problemOf(error), run: run && run.done > 0 ? { ...run, running: false } : null })
    }
  },
  stopFind: () => {
    const { run } = get()
    if (!run?.running) return
    finding.abort()
    set({ run: run.done > 0 ? { ...run, running: false } : null })
  },
  dismiss: () => {
    if (!get().run?.running) set({ run: null, problem: null })
  },
  remove: async (handle) => {
    await service.events.remove({ handle })
    if (get().stored?.clip === handle) set({ stored: null, source: null, marked: null })
  },
  time: async (chat, turn) => {
    const signal = timing.begin()
    set({ timing: { chat, turn, run: newScoring }, timingProblem: null })
    try {
      for await (const event of await service.events.time({ chat, turn, precision: eventDefaults.precision }, { signal })) {
        if (signal.aborted) return
        const run = get().timing?.run ?? newScoring
        if (event.kind !== 'saved') set({ timing: { chat, turn, run: afterScoring(run, event) } })
        else {
          useChat.getState().take(chat, event.turn)
          const isShown = useChat.getState().chat?.id === chat
          set({ timing: null, ...(isShown && { source: turn, marked: null }) })
        }
      }
    } catch (error) {
      const problem = problemOf(error)
      if (!signal.aborted) set({ timing: null, timingProblem: problem && { chat, turn, error: problem } })
    }
  },
  stopTiming: () => {
    timing.abort()
    set({ timing: null })
  },
  choose: (source) => set({ source, marked: null }),
  mark: (marked) => set({ marked }),
  shade: (shaded) => set({ shaded }),
  clear: () => {
    for (const work of [loading, finding, timing]) work.abort()
    set(empty)
  },
}))

// An index of an answer means another one in another conversation.
useChat.subscribe(({ chat }, before) => {
  if (chat?.id === before.chat?.id) return
  const { source } = useEvents.getState()
  useEvents.setState({ marked: null, ...(typeof source === 'number' && { source: null }) })
})
