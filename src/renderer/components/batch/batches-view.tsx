import { FolderOpen, ListVideo, Upload } from 'lucide-react'
import { useEffect } from 'react'
import { t } from '../../../shared/text.ts'
import { chooseFiles } from '../../flows/take-files.ts'
import { useBatches } from '../../stores/batches.ts'
import { reportErrors } from '../../stores/problem.ts'
import { isConfigured, useQueue } from '../../stores/queue.ts'
import { Button } from '../ui/button.tsx'
import { ViewHeader } from '../view-header.tsx'
import { BatchDetail } from './batch-detail.tsx'
import { BatchRow } from './batch-row.tsx'
import { QueueJobs } from './queue-jobs.tsx'

/** Interval at which the list is read again while one of its batches runs. An open batch is watched. */
const REFRESH_MS = 2000

/** Lists batches, which describe many clips one after another in the background. */
export function BatchesView() {
  const { jobs, open, load } = useBatches()
  const hasQueue = useQueue(({ view }) => isConfigured(view))
  const job = jobs.find(({ id }) => id === open)
  const isMoving = open === null && jobs.some(({ state }) => state === 'running')
  useEffect(() => reportErrors(load), [load])
  useEffect(() => {
    if (!isMoving) return
    const timer = setInterval(() => reportErrors(load), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isMoving, load])
  if (job) return <BatchDetail job={job} />
  return (
    <div className="flex h-full flex-col">
      <ViewHeader
        title={t('Batches')}
        lead={t('Ask one question about many clips. Batches run in the background and resume when Tarsier is restarted.')}
      >
        <Button onClick={() => chooseFiles('folder')}>
          <FolderOpen size={16} aria-hidden="true" /> {t('Choose a folder')}
        </Button>
        <Button variant="primary" onClick={() => chooseFiles()}>
          <Upload size={16} aria-hidden="true" /> {t('Choose clips')}
        </Button>
      </ViewHeader>
      <div className="min-h-0 flex-1 overflow-y-auto px-6 pb-6">
        <ul className="space-y-2">
          {jobs.map((each) => (
            <BatchRow key={each.id} job={each} />
          ))}
          {jobs.length === 0 && (
            <li className={`grid justify-items-center gap-3 px-6 text-center ${hasQueue ? 'py-6' : 'py-24'}`}>
              <ListVideo size={36} strokeWidth={1.4} aria-hidden="true" className="text-accent" />
              <p className="text-title font-semibold">{t('No batches yet')}</p>
              <p className="max-w-sm text-quiet">
                {t('Drop a folder or several clips anywhere in this window: each is described, and all texts can be exported together.')}
              </p>
            </li>
          )}
        </ul>
        <QueueJobs />
      </div>
    </div>
  )
}
