import { CircleCheck, CircleDashed, CircleX, LoaderCircle, RotateCcw, SkipForward } from 'lucide-react'
import { memo } from 'react'
import type { BatchItem } from '../../../shared/contract/batch.ts'
import { errorCodeInfo } from '../../../shared/error-codes.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { openChat } from '../../flows/open-clip.ts'
import { folderOf, itemStateNames } from '../../lib/batch-labels.ts'
import { useBatches } from '../../stores/batches.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Thumbnail } from '../clip/thumbnail.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { RichText } from '../ui/rich-text.tsx'

const marks = {
  waiting: { icon: CircleDashed, colour: 'text-quiet' },
  running: { icon: LoaderCircle, colour: 'text-accent animate-spin' },
  done: { icon: CircleCheck, colour: 'text-good' },
  failed: { icon: CircleX, colour: 'text-danger' },
  skipped: { icon: SkipForward, colour: 'text-quiet' },
} as const

/** A clip of a batch: its progress, the start of its answer, or the error. */
export const BatchItemRow = memo(function BatchItemRow({ job, item }: { readonly job: string; readonly item: BatchItem }) {
  const { state, name, progress, excerpt: firstWords, chat, error } = item
  const folder = folderOf(item)
  const { icon: Icon, colour } = marks[state]
  const retry = () => useBatches.getState().change(() => service.batch.retry({ job, item: item.id }))
  return (
    <div className="flex items-center gap-3 border-b border-line py-2">
      <Icon size={17} aria-hidden="true" className={`shrink-0 ${colour}`} />
      <Thumbnail handle={item.clip} className="aspect-video w-16 shrink-0 rounded-mark object-cover" />
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline gap-2">
          <span className="truncate font-medium">{name}</span>
          {folder && <span className="min-w-0 shrink-[4] truncate text-note text-quiet">{folder}</span>}
          <span className="shrink-0 text-note text-quiet">{itemStateNames[state]}</span>
        </p>
        {state === 'running' && <ProgressBar value={progress} label={t('Progress of {name}', { name })} />}
        {firstWords && <p className="truncate text-control text-quiet">{firstWords}</p>}
        {error && (
          <p className="text-control text-danger">
            {t('{label}. {message}', { label: translate(errorCodeInfo[error.code].label), message: translate(error.message) })}
          </p>
        )}
        {state === 'skipped' && !firstWords && (
          <p className="text-control text-quiet">{t('The library already contains an answer to this question.')}</p>
        )}
      </div>
      {state === 'failed' && <IconButton icon={RotateCcw} label={t('Retry {name}', { name })} onClick={() => reportErrors(retry)} />}
      {chat && (
        <button
          type="button"
          className="shrink-0 rounded-control px-2.5 py-1 text-control text-accent hover:bg-sunk"
          onClick={() => reportErrors(() => openChat(chat))}
        >
          <RichText message="Open {name}" values={{ name: <span className="sr-only">{name}</span> }} />
        </button>
      )}
    </div>
  )
})
