import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { BatchJob } from '../../../shared/contract/batch.ts'
import { t } from '../../../shared/text.ts'
import { batchText, shareOf } from '../../lib/batch-labels.ts'
import { dayText } from '../../lib/time-text.ts'
import { useBatches } from '../../stores/batches.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Confirm } from '../ui/confirm.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

export function BatchRow({ job }: { readonly job: BatchJob }) {
  const { show, remove } = useBatches()
  const [asking, setAsking] = useState(false)
  return (
    <li className="flex items-center gap-3 rounded-panel bg-panel px-4 py-3 shadow-panel">
      <button type="button" onClick={() => void show(job.id)} className="min-w-0 flex-1 space-y-1.5 text-left">
        <span className="flex items-baseline gap-3">
          <span className="truncate font-medium">{job.title}</span>
          <span className="ml-auto shrink-0 text-note text-quiet">{dayText(job.created)}</span>
        </span>
        <span className="block text-control text-quiet">{batchText(job)}</span>
        <ProgressBar value={shareOf(job)} label={t('Progress of {name}', { name: job.title })} />
      </button>
      <IconButton icon={Trash2} label={t('Remove {name} from the list', { name: job.title })} onClick={() => setAsking(true)} />
      {asking && (
        <Confirm
          title={t('Remove this batch from the list?')}
          verb={t('Remove')}
          onConfirm={() => reportErrors(() => remove(job.id))}
          onClose={() => setAsking(false)}
        >
          {t('The batch “{name}” is stopped and removed. Its answers stay in the library.', { name: job.title })}
        </Confirm>
      )}
    </li>
  )
}
