import type { Turn } from '../../../shared/contract/chats.ts'
import { t } from '../../../shared/text.ts'
import { askEdited } from '../../flows/ask.ts'
import { useChat } from '../../stores/chat.ts'
import { Button } from '../ui/button.tsx'

/** Editor for the earlier question that is being edited. Submitting removes all later turns. */
export function QuestionEditor({ turn }: { readonly turn: Turn }) {
  const text = useChat((state) => state.editing?.text ?? '')
  const startEdit = useChat((state) => state.startEdit)
  const later = useChat((state) => (state.chat?.all.length ?? 0) - turn.index - 1)
  const busy = useChat((state) => state.run !== null)
  const why = busy ? t('Wait for the answer, or stop it') : text.trim() === '' ? t('Type a question') : null
  const send = () => why === null && askEdited(turn.index, text)
  return (
    <div className="ml-auto w-full max-w-[85%] space-y-2">
      <textarea
        // biome-ignore lint/a11y/noAutofocus: the user has just asked to edit here.
        autoFocus
        aria-label={t('Edited question')}
        className="w-full resize-y rounded-panel border border-edge bg-panel px-3.5 py-2"
        rows={3}
        value={text}
        onChange={(event) => startEdit({ turn: turn.index, text: event.target.value })}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          const isEnter = event.key === 'Enter' && !event.shiftKey
          if (!isEnter && event.key !== 'Escape') return
          // Escape would also stop work on events.
          event.preventDefault()
          if (isEnter) send()
          else startEdit(null)
        }}
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        {later > 0 && <span className="mr-auto text-note text-quiet">{t('Later questions and answers are deleted.')}</span>}
        <Button size="small" onClick={() => startEdit(null)}>
          {t('Cancel')}
        </Button>
        <Button size="small" variant="primary" why={why} onClick={send}>
          {t('Ask again')}
        </Button>
      </div>
    </div>
  )
}
