import { create } from 'zustand'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { Chat, ChatEvent, ChatSummary, Turn } from '../../shared/contract/chats.ts'
import { TarsierError } from '../../shared/errors.ts'
import { afterEvent, type Run, startRun } from '../lib/run.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'
import { useQuestion } from './question.ts'

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
  /** Replaces a turn of the conversation, if it is still shown. */
  readonly take: (chat: string, turn: Turn) => void
  readonly stop: () => void
  /** Makes another version the answer of the last turn. */
  readonly chooseVersion: (version: number) => Promise<void>
  /** Reads a version of the answer to the question at an index. */
  readonly readVersion: (index: number, version: number) => Promise<Turn>
  /** Shows the conversation as it is stored, after the service did not respond for a while. */
  readonly refresh: () => Promise<void>
  readonly clear: () => Promise<void>
  readonly close: () => void
}

/** A running answer that the page follows. It always belongs to the current conversation. */
interface Following {
  readonly chat: string
  /** Whether the answer is to be stopped as soon as the service has begun it. */
  stops: boolean
  /** Resolves when the answer has ended and the page shows the stored turn, or when the page has stopped following it. */
  over: Promise<void>
}

export const useChat = create<ChatState>((set, get) => {
  let following: Following | null = null

  /** Asks and follows the answer to its end. Does nothing while another answer is being followed. */
  async function follow(chat: Chat, from: number, begin: () => Promise<AsyncIterable<ChatEvent>>, turn: Turn | null = null): Promise<void> {
    if (following) return
    const mine: Following = { chat: chat.id, stops: false, over: Promise.resolve() }
    following = mine
    set({ problem: null, editing: null, chat: { ...chat, all: chat.all.slice(0, from) } })
    mine.over = followToEnd(mine, begin, startRun(Date.now(), turn))
    await mine.over
  }

  /** Joins the answer that is running in a conversation, if there is one. */
  function join(chat: Chat): void {
    const last = chat.all.at(-1)
    if (last?.state === 'running') void follow(chat, last.index, () => service.chats.follow({ chat: chat.id }), last)
  }

  async function followToEnd(mine: Following, begin: () => Promise<AsyncIterable<ChatEvent>>, first: Run): Promise<void> {
    let run = first
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = () => {
      timer = undefined
      if (following === mine) set({ run })
    }
    show()
    let thrown: unknown = null
    try {
      for await (const event of await begin()) {
        if (mine.stops && event.kind === 'turn') sendStop(mine)
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
      // The service does not respond, so keep the text received so far, until `refresh`. The page has one message about it.
      const all = chat && run.turn ? [...chat.all, { ...run.turn, state: 'cut-off' as const, text: run.text }] : chat?.all
      const failure = problem ?? problemOf(lost)
      end({ problem: failure?.code === 'service-lost' ? null : failure, ...(chat && all && { chat: { ...chat, all } }) })
    }
  }

  /** Stops the answer that is being followed, because the page now shows another conversation or none. Later events are ignored. */
  function leave(): void {
    if (following) sendStop(following)
    following = null
  }

  /** The service may not have begun the answer yet; then this is repeated with its first event. */
  function sendStop(mine: Following): void {
    mine.stops = true
    // If the service does not respond, the answer has ended or ends by itself.
    service.chats.stop({ chat: mine.chat }).catch(() => {})
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
      // For any other error, the question fails in the same way and reports it; so it does if the clip is gone as well.
      if (problemOf(error)?.code !== 'nothing-found') return chat
      const created = await service.chats.create({ handle: chat.clip }).catch(() => null)
      if (!created) return chat
      useQuestion.getState().move(chat.id, created.id)
      return created
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
        join(chat)
      }
      await list(chat.clip)
    },
    ask: async (text, settings) => {
      const shown = get().chat
      if (!shown) return
      const chat = await known(shown)
      if (get().chat !== shown) return
      await follow(chat, chat.all.length, () => service.chats.ask({ chat: chat.id, settings, ...(text !== undefined && { text }) }))
    },
    regenerate: async (settings) => {
      const { chat } = get()
      if (!chat || chat.all.length === 0) return
      await follow(chat, chat.all.length - 1, () => service.chats.regenerate({ chat: chat.id, ...(settings && { settings }) }))
    },
    edit: async (turn, text, settings) => {
      const { chat } = get()
      if (!chat) return
      await follow(chat, turn, () => service.chats.edit({ chat: chat.id, turn, text, ...(settings && { settings }) }))
    },
    startEdit: (editing) => set({ editing }),
    take: (id, turn) => {
      const { chat } = get()
      if (chat?.id === id && chat.all[turn.index]?.created === turn.created)
        set({ chat: { ...chat, all: chat.all.with(turn.index, turn) } })
    },
    stop: () => {
      if (following) sendStop(following)
    },
    chooseVersion: async (version) => {
      const { chat } = get()
      const last = chat?.all.at(-1)
      if (!chat || !last) return
      const turn = await service.chats.chooseVersion({ chat: chat.id, turn: last.index, version })
      if (get().chat === chat) set({ chat: { ...chat, all: chat.all.with(last.index, turn) } })
    },
    readVersion: async (index, version) => {
      const { chat } = get()
      const all = chat ? await service.chats.versions({ chat: chat.id, turn: index }) : []
      const found = all.find((turn) => turn.version === version)
      if (!found) throw new TarsierError('nothing-found', 'This answer is no longer there. Reload the page.')
      return found
    },
    refresh: async () => {
      const { chat } = get()
      if (!chat || following) return
      const stored = chat.all.length === 0 ? await known(chat) : await service.chats.get({ chat: chat.id })
      if (get().chat === chat) await get().show(stored)
    },
    clear: async () => {
      const { chat } = get()
      if (!chat) return
      // The service rejects clearing while an answer is running.
      get().stop()
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
