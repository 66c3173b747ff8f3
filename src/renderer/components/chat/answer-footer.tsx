import { Images, Info, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import type { Turn } from '../../../shared/contract/chats.ts'
import { counted } from '../../../shared/size-text.ts'
import { askAgain, showFramesOf } from '../../flows/ask.ts'
import { makingOf } from '../../lib/answer-labels.ts'
import { durationText } from '../../lib/time-text.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { CopyButton } from './copy-button.tsx'

interface AnswerFooterProps {
  readonly turn: Turn
  readonly last: boolean
  readonly busyWhy: string | null
}

/** Actions for an answer, and details of how it was generated. */
export function AnswerFooter({ turn, last, busyWhy }: AnswerFooterProps) {
  const [open, setOpen] = useState(false)
  const { answer } = turn
  return (
    <footer className="space-y-2">
      <div className="-ml-1.5 flex flex-wrap items-center gap-0.5">
        {turn.text && <CopyButton text={turn.text} label="Copy the answer" />}
        {last && <IconButton icon={RefreshCw} label="Regenerate the answer" why={busyWhy} onClick={askAgain} className="size-7" />}
        {answer && (
          <>
            <IconButton icon={Info} label="Details" aria-expanded={open} onClick={() => setOpen(!open)} className="size-7" />
            <Button size="small" variant="quiet" onClick={() => showFramesOf(turn)}>
              <Images size={14} aria-hidden="true" /> {counted(answer.frames.length, 'frame')}
            </Button>
          </>
        )}
        <span className="px-1.5 text-[0.75rem] text-quiet">
          {turn.model}
          {answer && ` · ${durationText(answer.timings.total / 1000)}`}
        </span>
      </div>
      {open && (
        <dl className="grid max-w-lg grid-cols-[auto_1fr] gap-x-4 gap-y-1 rounded-xl border border-line bg-raised px-4 py-3 text-[0.8125rem]">
          {makingOf(turn).map(([what, how]) => (
            <div key={what} className="contents">
              <dt className="text-quiet">{what}</dt>
              <dd className="wrap-anywhere">{how}</dd>
            </div>
          ))}
          {answer?.device.fallbacks.map((text) => (
            <dd key={text} className="col-span-2 text-quiet">
              {text}
            </dd>
          ))}
        </dl>
      )}
    </footer>
  )
}
