import { ArrowUp, Square } from 'lucide-react'
import { useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { ask } from '../../flows/ask.ts'
import { useChat } from '../../stores/chat.ts'
import { useCost } from '../../stores/cost.ts'
import { IconButton } from '../ui/icon-button.tsx'
import { CostLine } from './cost-line.tsx'
import { PromptMenu } from './prompt-menu.tsx'

/** Input for questions. If `metadata` is null, it is disabled and explains why. */
export function Composer({ metadata }: { readonly metadata: ClipMetadata | null }) {
  const [text, setText] = useState('')
  const run = useChat((state) => state.run)
  const stop = useChat((state) => state.stop)
  const refusal = useCost((state) => state.cost?.problem ?? null)
  const closed = !metadata
    ? 'Please upload your video first'
    : metadata.present
      ? null
      : 'The file is missing. Locate it to ask more questions'
  const why = closed ?? refusal?.message ?? (text.trim() === '' ? 'Type a question' : null)
  const send = () => {
    if (why || run) return
    ask(text.trim())
    setText('')
  }
  return (
    <form
      className="mx-auto w-full max-w-3xl px-5 pb-4"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {metadata?.present && <CostLine />}
      <div className="flex items-end gap-1 rounded-2xl border border-edge bg-raised p-1.5 pl-2 shadow-card focus-within:border-accent">
        <PromptMenu disabled={closed !== null} onPick={setText} />
        <textarea
          aria-label="Your question"
          placeholder={closed ?? 'Ask about this clip…'}
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
          <IconButton icon={Square} label="Stop (Esc)" onClick={stop} className="size-9 bg-accent text-on-accent" />
        ) : (
          <IconButton
            icon={ArrowUp}
            label="Ask (Enter)"
            why={why}
            onClick={send}
            className="size-9 not-aria-disabled:bg-accent not-aria-disabled:text-on-accent aria-disabled:opacity-100"
          />
        )}
      </div>
    </form>
  )
}
