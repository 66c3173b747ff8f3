import { useChat } from '../stores/chat.ts'
import { useQuestion } from '../stores/question.ts'

/** The question that is being typed in the open conversation, and a function that changes it. */
export function useQuestionText(): readonly [text: string, setText: (text: string) => void] {
  const chat = useChat((state) => state.chat?.id)
  const text = useQuestion(({ texts }) => (chat === undefined ? '' : texts[chat]) ?? '')
  return [text, (changed) => chat !== undefined && useQuestion.getState().write(chat, changed)]
}
