import { ChevronLeft, ChevronRight, Images, Info, RefreshCw, Scissors } from 'lucide-react'
import { useState } from 'react'
import type { Turn } from '../../../shared/contract/chats.ts'
import { isRewriting } from '../../../shared/shaping/caption-shape.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { askAgain, shapeAnswer, showFramesOf } from '../../flows/ask.ts'
import { makingOf } from '../../lib/answer-labels.ts'
import { durationText } from '../../lib/time-text.ts'
import { useChat } from '../../stores/chat.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useSettings } from '../../stores/settings.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { TimesButton } from './answer-times.tsx'
import { CompareMenu } from './compare-menu.tsx'
import { CopyButton } from './copy-button.tsx'

interface AnswerFooterProps {
  /** With the answer that is shown. */
  readonly turn: Turn
  readonly last: boolean
  readonly busyWhy: string | null
  /** Whether this is the answer that later questions refer to. */
  readonly current: boolean
  /** Shows another answer to an earlier question. */
  readonly onShow: (turn: Turn) => void
}

/** Actions for an answer, and details of how it was generated. */
export function AnswerFooter({ turn, last, busyWhy, current, onShow }: AnswerFooterProps) {
  const [open, setOpen] = useState(false)
  const { answer } = turn
  return (
    <footer className="space-y-2">
      <div className="-ml-1.5 flex flex-wrap items-center gap-0.5">
        {turn.text && <CopyButton text={turn.text} label={t('Copy the answer')} />}
        {last && <IconButton icon={RefreshCw} label={t('Regenerate the answer')} why={busyWhy} onClick={askAgain} className="size-7" />}
        <CompareMenu turn={turn} last={last} busyWhy={busyWhy} />
        {turn.versions > 1 && <Versions turn={turn} last={last} busyWhy={busyWhy} onShow={onShow} />}
        {answer && (
          <>
            <IconButton icon={Info} label={t('Details')} aria-expanded={open} onClick={() => setOpen(!open)} className="size-7" />
            <Button size="small" variant="quiet" onClick={() => showFramesOf(turn)}>
              <Images size={14} aria-hidden="true" />{' '}
              {t('{count, plural, one {# frame} other {# frames}}', { count: answer.frames.length })}
            </Button>
            {current && <TimesButton turn={turn} busyWhy={busyWhy} />}
            {current && <ShapeButton turn={turn} busyWhy={busyWhy} />}
          </>
        )}
        <span className="px-1.5 text-note text-quiet">
          {turn.model}
          {answer && ` · ${durationText(answer.timings.total / 1000)}`}
        </span>
      </div>
      {open && (
        <dl className="grid max-w-lg grid-cols-[auto_1fr] gap-x-4 gap-y-1 rounded-panel border border-line bg-panel px-4 py-3 text-control">
          {makingOf(turn).map(([what, how]) => (
            <div key={what} className="contents">
              <dt className="text-quiet">{what}</dt>
              <dd className="wrap-anywhere">{how}</dd>
            </div>
          ))}
          {answer?.device.fallbacks.map((text) => (
            <dd key={text} className="col-span-2 text-quiet">
              {translate(text)}
            </dd>
          ))}
        </dl>
      )}
    </footer>
  )
}

/** Gives an answer the shape of the settings, where it has another one or none. */
function ShapeButton({ turn, busyWhy }: Pick<AnswerFooterProps, 'turn' | 'busyWhy'>) {
  const shape = useSettings((state) => state.view?.values.shape ?? null)
  const [shaping, setShaping] = useState(false)
  if (shape === null || JSON.stringify(shape) === JSON.stringify(turn.settings.shape)) return null
  const reshape = async () => {
    setShaping(isRewriting(shape))
    try {
      await shapeAnswer(turn)
    } finally {
      setShaping(false)
    }
  }
  return (
    <Button size="small" variant="quiet" why={shaping ? t('The caption is being written') : busyWhy} onClick={() => reportErrors(reshape)}>
      <Scissors size={14} aria-hidden="true" /> {shaping ? t('Rewriting…') : t('Shape as {shape}', { shape: shape.name })}
    </Button>
  )
}

/**
 * Which of the answers to the question is shown, and buttons for the others. Below the last question the shown one becomes the answer; below earlier
 * ones it is only shown, because the later answers continue the present one.
 */
function Versions({
  turn: { index, version, versions },
  last,
  busyWhy,
  onShow,
}: Pick<AnswerFooterProps, 'turn' | 'last' | 'busyWhy' | 'onShow'>) {
  const choose = useChat((state) => state.chooseVersion)
  const read = useChat((state) => state.readVersion)
  const why = last ? busyWhy : null
  const step = (by: 1 | -1) => reportErrors(async () => (last ? await choose(version + by) : onShow(await read(index, version + by))))
  return (
    <span className="inline-flex items-center text-note text-quiet tabular-nums">
      <IconButton
        icon={ChevronLeft}
        label={t('Earlier answer')}
        why={why ?? (version === 0 ? t('This is the first answer') : null)}
        onClick={() => step(-1)}
        className="size-7"
      />
      <span role="status" aria-label={t('Answer {number} of {count}', { number: version + 1, count: versions })}>
        {version + 1}/{versions}
      </span>
      <IconButton
        icon={ChevronRight}
        label={t('Later answer')}
        why={why ?? (version + 1 === versions ? t('This is the last answer') : null)}
        onClick={() => step(1)}
        className="size-7"
      />
    </span>
  )
}
