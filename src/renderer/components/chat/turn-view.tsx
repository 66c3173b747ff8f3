import { Pencil } from 'lucide-react'
import { memo } from 'react'
import type { Turn } from '../../../shared/contract/chats.ts'
import { askAgain, askWithFewerFrames, showSettings } from '../../flows/ask.ts'
import { chooseFiles } from '../../flows/take-files.ts'
import { endText } from '../../lib/answer-labels.ts'
import { useChat } from '../../stores/chat.ts'
import { useView } from '../../stores/view.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { AnswerFooter } from './answer-footer.tsx'
import { CopyButton } from './copy-button.tsx'
import { Prose } from './prose.tsx'
import { QuestionBubble } from './question-bubble.tsx'
import { QuestionEditor } from './question-editor.tsx'

interface TurnViewProps {
  readonly turn: Turn
  readonly last: boolean
  /** Whether an answer is being generated. */
  readonly busy: boolean
}

/** A stored question with its answer. */
export const TurnView = memo(function TurnView({ turn, last, busy }: TurnViewProps) {
  const editing = useChat((state) => state.editing === turn.index)
  const startEdit = useChat((state) => state.startEdit)
  const busyWhy = busy ? 'Wait for the answer, or stop it' : null
  const end = endText(turn)
  const actions = last
    ? {
        retry: askAgain,
        'fewer-frames': askWithFewerFrames,
        'other-device': showSettings,
        'other-file': () => chooseFiles(),
        models: () => useView.getState().show('models'),
      }
    : {}
  return (
    <article aria-label={`Question ${turn.index + 1}`} className="space-y-3">
      {editing ? (
        <QuestionEditor turn={turn} />
      ) : (
        <QuestionBubble text={turn.question}>
          <div className="-mb-3 flex opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100">
            <CopyButton text={turn.question} label="Copy the question" />
            <IconButton icon={Pencil} label="Edit the question" why={busyWhy} onClick={() => startEdit(turn.index)} className="size-7" />
          </div>
        </QuestionBubble>
      )}
      {turn.text && <Prose text={turn.text} />}
      {end && <p className="text-[0.8125rem] text-quiet italic">{end}</p>}
      {turn.error && <FailureNotice error={turn.error} can={actions} />}
      {turn.answer?.notices.map((text) => (
        <p key={text} className="text-[0.8125rem] text-quiet">
          {text}
        </p>
      ))}
      <AnswerFooter turn={turn} last={last} busyWhy={busyWhy} />
    </article>
  )
})
