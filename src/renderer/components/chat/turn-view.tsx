import { Pencil } from 'lucide-react'
import { memo, useState } from 'react'
import type { Turn } from '../../../shared/contract/chats.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { askAgain, askWithFewerFrames, showSettings } from '../../flows/ask.ts'
import { chooseFiles } from '../../flows/take-files.ts'
import { endText } from '../../lib/answer-labels.ts'
import { useChat } from '../../stores/chat.ts'
import { useModels } from '../../stores/models.ts'
import { useRealModel } from '../../stores/real-model.ts'
import { useView } from '../../stores/view.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { AnswerFooter } from './answer-footer.tsx'
import { TimesState } from './answer-times.tsx'
import { CopyButton } from './copy-button.tsx'
import { Prose } from './prose.tsx'
import { QuestionBubble } from './question-bubble.tsx'
import { QuestionEditor } from './question-editor.tsx'
import { ShapedAnswer } from './shaped-answer.tsx'
import { TimedProse } from './timed-prose.tsx'

interface TurnViewProps {
  readonly turn: Turn
  readonly last: boolean
  /** Whether an answer is being generated. */
  readonly busy: boolean
}

/** A stored question with its answer. */
export const TurnView = memo(function TurnView({ turn: stored, last, busy }: TurnViewProps) {
  // Another answer to an earlier question is shown until the stored one changes.
  const [other, setOther] = useState<{ readonly turn: Turn; readonly of: Turn } | null>(null)
  const turn = other?.of === stored ? other.turn : stored
  const current = turn.version === stored.version
  const editing = useChat((state) => state.editing?.turn === turn.index)
  const startEdit = useChat((state) => state.startEdit)
  const busyWhy = busy ? t('Wait for the answer, or stop it') : null
  const recognizesOnly = useModels((state) => state.installed.find(({ name }) => name === turn.model)?.recognizesOnly)
  const end = endText(turn)
  const own = turn.timed ? <TimedProse timed={turn.timed} turn={turn.index} /> : turn.text && <Prose text={turn.text} />
  const actions = last
    ? {
        retry: askAgain,
        'fewer-frames': () => askWithFewerFrames(),
        'other-device': showSettings,
        'other-file': () => chooseFiles(),
        models: () => useView.getState().show('models'),
      }
    : {}
  return (
    <article aria-label={t('Question {number}', { number: turn.index + 1 })} className="space-y-3">
      {editing ? (
        <QuestionEditor turn={turn} />
      ) : (
        <QuestionBubble text={turn.question}>
          <div className="-mb-3 flex opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100">
            <CopyButton text={turn.question} label={t('Copy the question')} />
            <IconButton
              icon={Pencil}
              label={t('Edit the question')}
              why={busyWhy}
              onClick={() => startEdit({ turn: turn.index, text: turn.question })}
              className="size-7"
            />
          </div>
        </QuestionBubble>
      )}
      {turn.answer?.shaped ? <ShapedAnswer shaped={turn.answer.shaped} own={own} ownFirst={turn.timed !== null} /> : own}
      {end && <p className="text-control text-quiet italic">{end}</p>}
      {turn.error && <FailureNotice error={turn.error} can={actions} />}
      {turn.answer?.notices.map((text) => (
        <p key={text} className="text-control text-quiet">
          {translate(text)}
        </p>
      ))}
      {current && <TimesState turn={turn} />}
      {recognizesOnly && turn.text && <LimitsNote model={turn.model} recognizesOnly={recognizesOnly} />}
      {!current && (
        <p className="text-control text-quiet italic">{t('Later questions refer to answer {number}.', { number: stored.version + 1 })}</p>
      )}
      <AnswerFooter turn={turn} last={last} busyWhy={busyWhy} current={current} onShow={(shown) => setOther({ turn: shown, of: stored })} />
    </article>
  )
})

/** Says below each answer of a model that does not recognize any video why it may be wrong. */
function LimitsNote({ model, recognizesOnly }: { readonly model: string; readonly recognizesOnly: string }) {
  return (
    <p className="text-note text-quiet">
      {t('{model}: it only knows {what}.', { model: model === 'demo' ? t('Demo model') : model, what: translate(recognizesOnly) })}{' '}
      <button type="button" className="text-accent underline underline-offset-3" onClick={() => useRealModel.getState().offer(true)}>
        {t('Get a real model')}
      </button>
    </p>
  )
}
