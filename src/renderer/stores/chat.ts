import { create } from 'zustand'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { Chat, ChatEvent, ChatSummary } from '../../shared/contract/chats.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { afterEvent, type Run, startRun } from '../lib/run.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'

/** Words come faster than a page should be laid out anew. */
const SHOW_EVERY_MS = 50
/** How soon a conversation is read again in which an answer has not ended yet. */
const READ_AGAIN_MS = 250

interface ChatState {
  readonly chat: Chat | null
  /** All conversations about the clip, the newest first. */
  readonly chats: readonly ChatSummary[]
  /** The answer that is being made, wherever. */
  readonly run: Run | null
  /** Why the last question was not even begun. */
  readonly problem: TarsierError | null
  /** The turn whose question is being changed. */
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

let running: AbortController | null = null

export const useChat = create<ChatState>((set, get) => {
  /** Follows an answer to its end, then shows the conversation as it is kept. */
  async function follow(chat: Chat, from: number, begin: (signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>): Promise<void> {
    if (running) return
    const controller = new AbortController()
    running = controller
    let run = startRun(chat.id, Date.now())
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = () => {
      timer = undefined
      set({ run })
    }
    set({ run, problem: null, editing: null, chat: { ...chat, all: chat.all.slice(0, from) } })
    let thrown: unknown = null
    try {
      for await (const event of await begin(controller.signal)) {
        run = afterEvent(run, event, Date.now())
        timer ??= setTimeout(show, SHOW_EVERY_MS)
      }
    } catch (error) {
      thrown = error
    }
    clearTimeout(timer)
    running = null
    await settle(chat.id, run, thrown)
  }

  async function settle(id: string, run: Run, thrown: unknown): Promise<void> {
    const problem = thrown === null ? null : problemOf(thrown)
    try {
      const stored = await ended(await service.chats.get({ chat: id }), () => true)
      // A failure that the turn itself holds is shown there.
      const reported = stored.all.at(-1)?.error?.code === problem?.code
      set(get().chat?.id === id ? { chat: stored, run: null, problem: reported ? null : problem } : { run: null })
      await list(stored.clip)
    } catch (lost) {
      const { chat } = get()
      // Nobody answers any more: what was said stays on the page.
      const all = chat && run.turn ? [...chat.all, { ...run.turn, state: 'cut-off' as const, text: run.text }] : chat?.all
      set({ run: null, problem: problem ?? problemOf(lost), ...(chat?.id === id && all && { chat: { ...chat, all } }) })
    }
  }

  /** The conversation once its last answer has ended: one that was stopped takes a moment, one of another page as long as it takes. */
  async function ended(chat: Chat, wanted: () => boolean): Promise<Chat> {
    let now = chat
    while (now.all.at(-1)?.state === 'running' && wanted()) {
      await new Promise((resolve) => setTimeout(resolve, READ_AGAIN_MS))
      now = await service.chats.get({ chat: chat.id })
    }
    return now
  }

  /** A conversation in which nothing was asked lives in the service alone: after the service's restart another one takes its place. */
  async function known(chat: Chat): Promise<Chat> {
    if (chat.all.length > 0) return chat
    try {
      return await service.chats.get({ chat: chat.id })
    } catch (error) {
      // Whatever else is wrong, the question meets it too, and tells of it.
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
      set({ chat, problem: null, editing: null })
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
    stop: () => running?.abort(),
    clear: async () => {
      const { chat } = get()
      if (!chat) return
      running?.abort()
      set({ chat: await service.chats.clear({ chat: chat.id }), problem: null })
    },
    close: () => {
      running?.abort()
      set({ chat: null, chats: [], problem: null, editing: null })
    },
  }
})
