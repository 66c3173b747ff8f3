import { create } from 'zustand'

const STORAGE_KEY = 'tarsier-questions'
/** Conversations whose half-typed question is kept; the oldest are dropped. */
const MAX_TEXTS = 50

type Texts = Readonly<Record<string, string>>

interface QuestionState {
  /** Half-typed questions by conversation. The browser keeps them with the tab, so that they survive a reload. */
  readonly texts: Texts
  /** Grows whenever the field for questions is to get the focus. */
  readonly focusRequests: number
  readonly write: (chat: string, text: string) => void
  /** Empties the field if it contains a question, which is now asked. Returns the text that was in it. */
  readonly take: (chat: string, question: string | undefined) => string
  /** Puts a text back that could not be asked, before anything typed since. */
  readonly giveBack: (chat: string, text: string) => void
  /** Moves the text of a conversation that was replaced by another. */
  readonly move: (from: string, to: string) => void
  readonly focus: () => void
}

/** The question that is being typed in each conversation. */
export const useQuestion = create<QuestionState>((set, get) => ({
  texts: read(),
  focusRequests: 0,
  write: (chat, text) => {
    const { [chat]: _, ...others } = get().texts
    const texts = Object.fromEntries([...Object.entries(others), ...(text === '' ? [] : [[chat, text]])].slice(-MAX_TEXTS))
    set({ texts })
    store(texts)
  },
  take: (chat, question) => {
    const text = get().texts[chat] ?? ''
    if (text.trim() !== question) return ''
    get().write(chat, '')
    return text
  },
  giveBack: (chat, text) => {
    const since = get().texts[chat]
    if (text !== '') get().write(chat, since ? `${text}\n${since}` : text)
  },
  move: (from, to) => {
    const text = get().texts[from]
    if (text === undefined) return
    get().write(from, '')
    get().write(to, text)
  },
  focus: () => set({ focusRequests: get().focusRequests + 1 }),
}))

function read(): Texts {
  try {
    const texts: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '{}')
    return typeof texts === 'object' && texts !== null ? (texts as Texts) : {}
  } catch {
    return {} // The browser has no storage, or something else wrote to it.
  }
}

function store(texts: Texts): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(texts))
  } catch {
    // Without storage, or if it is full, a reload loses the text.
  }
}
