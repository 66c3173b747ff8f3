import { ArrowUp, Square } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { ask } from '../../flows/ask.ts'
import { useQuestionText } from '../../hooks/use-question-text.ts'
import { useChat } from '../../stores/chat.ts'
import { MAX_QUESTION, useCost } from '../../stores/cost.ts'
import { useQuestion } from '../../stores/question.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { CostLine } from './cost-line.tsx'
import { PromptMenu } from './prompt-menu.tsx'

/** Input for questions. If `metadata` is null, it is disabled and explains why. */
export function Composer({ metadata }: { readonly metadata: ClipMetadata | null }) {
  const [text, setText] = useQuestionText()
  const field = useRef<HTMLTextAreaElement>(null)
  const focusRequests = useQuestion((state) => state.focusRequests)
  const run = useChat((state) => state.run)
  const stop = useChat((state) => state.stop)
  const refusal = useCost((state) => state.cost?.problem ?? null)
  useEffect(() => {
    if (focusRequests > 0 && !document.querySelector('dialog[open]')) field.current?.focus()
  }, [focusRequests])
  const closed = !metadata
    ? t('Please upload your video first')
    : metadata.present
      ? null
      : t('The file is missing. Locate it to ask more questions')
  const tooLong = text.length > MAX_QUESTION ? t('A question can have at most {count, number} characters', { count: MAX_QUESTION }) : null
  const why = closed ?? tooLong ?? (refusal && translate(refusal.message)) ?? (text.trim() === '' ? t('Type a question') : null)
  const send = () => {
    if (why || run) return
    void ask(text.trim())
  }
  return (
    <form
      className="mx-auto w-full max-w-3xl px-5 pb-3"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div className="flex items-end gap-1 rounded-panel border border-edge bg-panel p-1.5 pl-2 shadow-panel focus-within:border-accent">
        <PromptMenu disabled={closed !== null} onPick={setText} />
        <textarea
          ref={field}
          aria-label={t('Your question')}
          placeholder={closed ?? t('Ask about this clip…')}
          className="field-sizing-content max-h-40 min-h-9 flex-1 resize-none bg-transparent px-1.5 py-1.5 outline-none placeholder:text-quiet disabled:cursor-not-allowed"
          rows={1}
          disabled={closed !== null}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
            event.preventDefault()
            send()
          }}
        />
        {run ? (
          <IconButton
            icon={Square}
            label={t('Stop (Esc)')}
            why={run.batch ? t('Pause the batch to stop its answer') : null}
            onClick={stop}
            filled
            className="size-9"
          />
        ) : (
          <IconButton icon={ArrowUp} label={t('Ask (Enter)')} why={why} onClick={send} filled className="size-9" />
        )}
      </div>
      {metadata?.present && <CostLine />}
    </form>
  )
}
