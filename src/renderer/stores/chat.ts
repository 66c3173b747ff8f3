import { create } from 'zustand'
import type { AskSettings } from '../../shared/contract/asking.ts'
import type { Chat, ChatEvent, ChatSummary, Turn } from '../../shared/contract/chats.ts'
import { TarsierError } from '../../shared/errors.ts'
import type { CaptionShape } from '../../shared/shaping/caption-shape.ts'
import { withKnownTurns } from '../lib/known-turns.ts'
import { afterEvent, type Run, startRun } from '../lib/run.ts'
import { service } from '../transport.ts'
import { problemOf } from './problem.ts'
import { useQuestion } from './question.ts'

/** Tokens arrive faster than the page should be rendered. */
const SHOW_EVERY_MS = 50
/** Polling interval for a conversation with an unfinished answer. */
const READ_AGAIN_MS = 250

/** An earlier question that is being edited. */
interface Edit {
  readonly turn: number
  readonly text: string
}

interface ChatState {
  readonly chat: Chat | null
  /** All conversations about the clip, newest first. */
  readonly chats: readonly ChatSummary[]
  /** The answer that is being generated in the conversation. */
  readonly run: Run | null
  /** Error that prevented the last question from starting. */
  readonly problem: TarsierError | null
  readonly editing: Edit | null
  readonly show: (chat: Chat) => Promise<void>
  /** Asks a question. One that is in its field leaves it, and is put back if the service does not store it. */
  readonly ask: (text: string | undefined, settings: AskSettings) => Promise<void>
  /** Resolves to whether the service has begun another answer. */
  readonly regenerate: (settings?: AskSettings) => Promise<boolean>
  /** Asks an edited question. It stays in its editor if the service does not store it. */
  readonly edit: (turn: number, text: string, settings?: AskSettings) => Promise<void>
  readonly startEdit: (edit: Edit | null) => void
  /** Gives the stored text of an answer a shape. */
  readonly reshape: (index: number, shape: CaptionShape | null) => Promise<void>
  /** Replaces a turn of the conversation, if it is still shown. */
  readonly take: (chat: string, turn: Turn) => void
  readonly stop: () => void
  /** Makes another version the answer of the last turn. */
  readonly chooseVersion: (version: number) => Promise<void>
  /** Reads a version of the answer to the question at an index. */
  readonly readVersion: (index: number, version: number) => Promise<Turn>
  /** Shows the conversation as it is stored: the service did not respond for a while, or another page may have changed it. Keeps what is being typed. */
  readonly refresh: () => Promise<void>
  readonly clear: () => Promise<void>
  readonly close: () => void
}

/** A running answer that the page follows. It always belongs to the current conversation. */
interface Following {
  readonly chat: string
  /** Ends the stream of events to the page. */
  readonly stream: AbortController
  /** Whether the service has begun the answer. */
  begun: boolean
  /** What the service is told about the answer, as soon as it has begun it. */
  wish: 'stop' | 'leave' | null
  /** Resolves when the answer has ended and the page shows the stored turn, or when the page has left it: to whether the service had begun it. */
  over: Promise<boolean>
}

type Begin = (signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>

export const useChat = create<ChatState>((set, get) => {
  let following: Following | null = null

  /** Asks, and follows the answer to its end. Does nothing while another answer is being followed. Resolves to whether the service has begun it. */
  async function request(chat: Chat, from: number, begin: Begin): Promise<boolean> {
    if (following) return false
    set({ problem: null, chat: { ...chat, all: chat.all.slice(0, from) } })
    return await follow(chat, begin, null)
  }

  /** Joins the answer that is running in a conversation, if there is one. */
  function join(chat: Chat): void {
    const last = chat.all.at(-1)
    if (following || last?.state !== 'running') return
    set({ chat: { ...chat, all: chat.all.slice(0, last.index) } })
    void follow(chat, (signal) => service.chats.follow({ chat: chat.id }, { signal }), last)
  }

  /** @param turn the stored turn, if the answer is already running */
  function follow(chat: Chat, begin: Begin, turn: Turn | null): Promise<boolean> {
    const mine: Following = { chat: chat.id, stream: new AbortController(), begun: false, wish: null, over: Promise.resolve(false) }
    following = mine
    mine.over = followToEnd(mine, chat, begin, startRun(Date.now(), turn))
    return mine.over
  }

  async function followToEnd(mine: Following, before: Chat, begin: Begin, first: Run): Promise<boolean> {
    let run = first
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = () => {
      timer = undefined
      if (following === mine) set({ run })
    }
    show()
    let thrown: unknown = null
    try {
      for await (const event of await begin(mine.stream.signal)) {
        if (!mine.begun) {
          mine.begun = true
          tell(mine)
        }
        run = afterEvent(run, event, Date.now())
        timer ??= setTimeout(show, SHOW_EVERY_MS)
      }
    } catch (error) {
      thrown = error
    }
    clearTimeout(timer)
    await settle(mine, before, run, thrown)
    return run.turn !== null
  }

  /** Shows the stored conversation, unless the page has left the answer. `before` is the conversation as it was shown before the request. */
  async function settle(mine: Following, before: Chat, run: Run, thrown: unknown): Promise<void> {
    const left = () => following !== mine
    const end = (chat: Chat, problem: TarsierError | null) => {
      following = null
      showStored(chat)
      set({ problem, run: null })
    }
    if (left()) return
    const problem = thrown === null ? null : problemOf(thrown)
    const begun = run.turn !== null
    try {
      const found = await service.chats.get({ chat: mine.chat })
      // A request may be refused because another page's answer is running, which is then joined.
      const stored = begun ? await ended(found, () => !left()) : found
      await list(stored.clip)
      if (left()) return
      // An error stored in the turn is shown there.
      const reported = begun && stored.all.at(-1)?.error?.code === problem?.code
      end(stored, reported ? null : problem)
      join(stored)
    } catch (lost) {
      if (left()) return
      // The service does not respond, so keep the text received so far, until `refresh`. The page has one message about it.
      const shown = get().chat ?? before
      const all = run.turn ? [...shown.all, { ...run.turn, state: 'cut-off' as const, text: run.text }] : before.all
      const failure = problem ?? problemOf(lost)
      end({ ...shown, all }, failure?.code === 'service-lost' ? null : failure)
    }
  }

  /** Shows a conversation in place of an earlier reading of it. An edited question that is no longer there goes to the field for questions. */
  function showStored(chat: Chat): void {
    const { chat: before, editing } = get()
    const gone = editing !== null && editing.turn >= chat.all.length
    if (gone) useQuestion.getState().giveBack(chat.id, editing.text)
    set({ chat: withKnownTurns(chat, before), ...(gone && { editing: null }) })
  }

  /** Leaves the answer that is being followed, because the page now shows another conversation or none. Other pages may go on following it. */
  function leave(): void {
    const left = following
    following = null
    if (left) wish(left, 'leave')
  }

  function wish(mine: Following, what: 'stop' | 'leave'): void {
    mine.wish = what
    if (mine.begun) tell(mine)
  }

  /** Nothing is told before the answer has begun: until then, an answer in the conversation is another page's. */
  function tell(mine: Following): void {
    if (mine.wish === null) return
    const told = mine.wish === 'stop' ? service.chats.stop({ chat: mine.chat }) : service.chats.leave({ chat: mine.chat })
    // If the service does not respond, the answer has ended or ends by itself.
    const over = told.catch(() => {})
    if (mine.wish === 'leave') void over.then(() => mine.stream.abort())
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

  /** Changes the shown conversation. If another page has changed it since it was read, the page shows it as it is now, and nothing else is changed. */
  async function unlessChanged<T>(change: () => Promise<T>): Promise<T> {
    try {
      return await change()
    } catch (error) {
      if (problemOf(error)?.code === 'conversation-changed') await get().refresh()
      throw error
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
      const found = await known(shown)
      const now = get().chat
      if (now?.id !== shown.id) return
      // It may have been read again meanwhile.
      const chat = found === shown ? now : found
      const typed = useQuestion.getState().take(chat.id, text)
      const begin: Begin = (signal) => service.chats.ask({ chat: chat.id, settings, ...(text !== undefined && { text }) }, { signal })
      if (!(await request(chat, chat.all.length, begin))) useQuestion.getState().giveBack(chat.id, typed)
    },
    regenerate: async (settings) => {
      const { chat } = get()
      if (!chat || chat.all.length === 0) return false
      const asked = { chat: chat.id, updated: chat.updated, ...(settings && { settings }) }
      return await request(chat, chat.all.length - 1, (signal) => service.chats.regenerate(asked, { signal }))
    },
    edit: async (turn, text, settings) => {
      const { chat } = get()
      if (!chat) return
      const asked = { chat: chat.id, turn, text, updated: chat.updated, ...(settings && { settings }) }
      if (following) return
      set({ editing: null })
      if (await request(chat, turn, (signal) => service.chats.edit(asked, { signal }))) return
      const { chat: now, run } = get()
      const shown = now?.id === chat.id ? now.all.length + (run ? 1 : 0) : 0
      if (turn < shown) set({ editing: { turn, text } })
      else useQuestion.getState().giveBack(chat.id, text)
    },
    startEdit: (editing) => set({ editing }),
    take: (id, turn) => {
      const { chat } = get()
      if (chat?.id === id && chat.all[turn.index]?.created === turn.created)
        set({ chat: { ...chat, all: chat.all.with(turn.index, turn) } })
    },
    reshape: async (index, shape) => {
      const { chat } = get()
      if (!chat) return
      const turn = await unlessChanged(() => service.chats.shape({ chat: chat.id, turn: index, shape, updated: chat.updated }))
      get().take(chat.id, turn)
    },
    stop: () => {
      if (following) wish(following, 'stop')
    },
    chooseVersion: async (version) => {
      const { chat } = get()
      const last = chat?.all.at(-1)
      if (!chat || !last) return
      const chosen = { chat: chat.id, turn: last.index, version, updated: chat.updated }
      const turn = await unlessChanged(() => service.chats.chooseVersion(chosen))
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
      if (get().chat !== chat || following) return
      showStored(stored)
      join(stored)
      await list(stored.clip)
    },
    clear: async () => {
      const { chat } = get()
      if (!chat) return
      // The service rejects clearing while an answer is running.
      get().stop()
      await following?.over
      const now = get().chat
      if (now?.id !== chat.id) return
      const cleared = await unlessChanged(() => service.chats.clear({ chat: chat.id, updated: now.updated }))
      if (get().chat?.id === chat.id) set({ chat: cleared, problem: null, editing: null })
    },
    close: () => {
      leave()
      set({ chat: null, chats: [], run: null, problem: null, editing: null })
    },
  }
})
