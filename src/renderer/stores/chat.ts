import { create } from 'zustand'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { Chat, ChatEvent, ChatSummary } from '../../shared/contract/chats.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { afterEvent, type Run, startRun } from '../lib/run.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** Tokens arrive faster than the page should be rendered. */
const SHOW_EVERY_MS = 50
/** Polling interval for a conversation with an unfinished answer. */
const READ_AGAIN_MS = 250

interface ChatState {
  readonly chat: Chat | null
  /** All conversations about the clip, newest first. */
  readonly chats: readonly ChatSummary[]
  /** The answer that is being generated in the conversation. */
  readonly run: Run | null
  /** Error that prevented the last question from starting. */
  readonly problem: TarsierError | null
  /** The turn whose question is being edited. */
  readonly editing: number | null
  readonly show: (chat: Chat) => Promise<void>
  readonly ask: (text: string | undefined, settings: AskSettings) => Promise<void>
  readonly regenerate: (settings?: AskSettings) => Promise<void>
  readonly edit: (turn: number, text: string, settings?: AskSettings) => Promise<void>
  readonly startEdit: (turn: number | null) => void
  readonly stop: () => void
  readonly clear: () => Promise<void>
  readonly close: () => void
}

/** A running answer that the page follows. It always belongs to the current conversation. */
interface Following {
  readonly chat: string
  readonly stop: AbortController
  /** Resolves when the answer has ended and the page shows the stored turn, or when the page has stopped following it. */
  over: Promise<void>
}

export const useChat = create<ChatState>((set, get) => {
  let following: Following | null = null

  /** Asks and follows the answer to its end. Does nothing while another answer is being followed. */
  async function follow(chat: Chat, from: number, begin: (signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>): Promise<void> {
    if (following) return
    const mine: Following = { chat: chat.id, stop: new AbortController(), over: Promise.resolve() }
    following = mine
    set({ problem: null, editing: null, chat: { ...chat, all: chat.all.slice(0, from) } })
    mine.over = followToEnd(mine, begin)
    await mine.over
  }

  async function followToEnd(mine: Following, begin: (signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>): Promise<void> {
    let run = startRun(Date.now())
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = () => {
      timer = undefined
      if (following === mine) set({ run })
    }
    show()
    let thrown: unknown = null
    try {
      for await (const event of await begin(mine.stop.signal)) {
        run = afterEvent(run, event, Date.now())
        timer ??= setTimeout(show, SHOW_EVERY_MS)
      }
    } catch (error) {
      thrown = error
    }
    clearTimeout(timer)
    await settle(mine, run, thrown)
  }

  /** Shows the stored conversation, unless the page has stopped following the answer. */
  async function settle(mine: Following, run: Run, thrown: unknown): Promise<void> {
    const left = () => following !== mine
    const end = (state: Partial<ChatState>) => {
      following = null
      set({ ...state, run: null })
    }
    if (left()) return
    const problem = thrown === null ? null : problemOf(thrown)
    try {
      const stored = await ended(await service.chats.get({ chat: mine.chat }), () => !left())
      await list(stored.clip)
      if (left()) return
      // An error stored in the turn is shown there.
      const reported = stored.all.at(-1)?.error?.code === problem?.code
      end({ chat: stored, problem: reported ? null : problem })
    } catch (lost) {
      if (left()) return
      const { chat } = get()
      // The service does not respond, so keep the text received so far.
      const all = chat && run.turn ? [...chat.all, { ...run.turn, state: 'cut-off' as const, text: run.text }] : chat?.all
      end({ problem: problem ?? problemOf(lost), ...(chat && all && { chat: { ...chat, all } }) })
    }
  }

  /** Aborts the answer that is being followed, because the page now shows another conversation or none. Later events are ignored. */
  function leave(): void {
    following?.stop.abort()
    following = null
  }

  /** Polls until the last answer has ended: shortly after a stop, or when another page's question is finished. */
  async function ended(chat: Chat, wanted: () => boolean): Promise<Chat> {
    let now = chat
    while (now.all.at(-1)?.state === 'running' && wanted()) {
      await new Promise((resolve) => setTimeout(resolve, READ_AGAIN_MS))
      now = await service.chats.get({ chat: chat.id })
    }
    return now
  }

  /** An empty conversation is not stored on disk. After a restart of the service it is replaced by a new one. */
  async function known(chat: Chat): Promise<Chat> {
    if (chat.all.length > 0) return chat
    try {
      return await service.chats.get({ chat: chat.id })
    } catch (error) {
      // For any other error, the question fails in the same way and reports it.
      return problemOf(error)?.code === 'nothing-found' ? await service.chats.create({ handle: chat.clip }) : chat
    }
  }

  async function list(handle: string): Promise<void> {
    const chats = await service.chats.list({ handle })
    if (get().chat?.clip === handle) set({ chats })
  }

  return {
    chat: null,
    chats: [],
    run: null,
    problem: null,
    editing: null,
    show: async (chat) => {
      if (following?.chat !== chat.id) {
        leave()
        set({ chat, run: null, problem: null, editing: null })
      }
      await list(chat.clip)
      const isCurrent = () => get().chat === chat
      const now = await ended(chat, isCurrent)
      if (now !== chat && isCurrent()) set({ chat: now })
    },
    ask: async (text, settings) => {
      const shown = get().chat
      if (!shown) return
      const chat = await known(shown)
      if (get().chat !== shown) return
      await follow(chat, chat.all.length, (signal) =>
        service.chats.ask({ chat: chat.id, settings, ...(text !== undefined && { text }) }, { signal }),
      )
    },
    regenerate: async (settings) => {
      const { chat } = get()
      if (!chat || chat.all.length === 0) return
      await follow(chat, chat.all.length - 1, (signal) =>
        service.chats.regenerate({ chat: chat.id, ...(settings && { settings }) }, { signal }),
      )
    },
    edit: async (turn, text, settings) => {
      const { chat } = get()
      if (!chat) return
      await follow(chat, turn, (signal) => service.chats.edit({ chat: chat.id, turn, text, ...(settings && { settings }) }, { signal }))
    },
    startEdit: (editing) => set({ editing }),
    stop: () => following?.stop.abort(),
    clear: async () => {
      const { chat } = get()
      if (!chat) return
      // The service rejects clearing while an answer is running.
      following?.stop.abort()
      await following?.over
      const cleared = await service.chats.clear({ chat: chat.id })
      if (get().chat?.id === chat.id) set({ chat: cleared, problem: null })
    },
    close: () => {
      leave()
      set({ chat: null, chats: [], run: null, problem: null, editing: null })
    },
  }
})
