import { ArrowLeft, Pause, Play, RotateCcw } from 'lucide-react'
import { type BatchJob, itemStates } from '../../../shared/contract/batch.ts'
import { t } from '../../../shared/text.ts'
import { batchText, clipsOf, itemStateNames, shareOf } from '../../lib/batch-labels.ts'
import { saveText } from '../../lib/save-text.ts'
import { useBatches } from '../../stores/batches.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { ExportMenu } from '../ui/export-menu.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { BatchTable } from './batch-table.tsx'
import { RefusedFiles } from './refused-files.tsx'
import { SidecarsDialog, sidecarItems, useSidecars } from './sidecars-dialog.tsx'

/** A batch: the state of each clip, and actions for all of them. */
export function BatchDetail({ job }: { readonly job: BatchJob }) {
  const { show, change, filter, filterBy, problem } = useBatches()
  const sidecars = useSidecars(job.id)
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2 px-6 pt-4 pb-2">
        <IconButton icon={ArrowLeft} label={t('All batches')} onClick={() => void show(null)} />
        <div className="min-w-0 flex-1">
          <h1 className="truncate text-heading font-semibold tracking-tight">{job.title}</h1>
          <p className="text-control text-quiet" role="status">
            {batchText(job)}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {job.state === 'running' && (
            <Button onClick={() => reportErrors(() => change(() => service.batch.pause({ job: job.id })))}>
              <Pause size={16} aria-hidden="true" /> {t('Pause')}
            </Button>
          )}
          {job.state === 'paused' && (
            <Button variant="primary" onClick={() => reportErrors(() => change(() => service.batch.resume({ job: job.id })))}>
              <Play size={16} aria-hidden="true" /> {t('Resume')}
            </Button>
          )}
          {job.counts.failed > 0 && (
            <Button onClick={() => reportErrors(() => change(() => service.batch.retry({ job: job.id })))}>
              <RotateCcw size={16} aria-hidden="true" /> {t('Retry failed')}
            </Button>
          )}
          <ExportMenu
            onPick={(format) => reportErrors(async () => saveText(await service.batch.export({ job: job.id, format })))}
            more={sidecarItems(sidecars)}
          />
        </div>
      </header>
      <div className="px-6 pb-2">
        <ProgressBar value={shareOf(job)} label={t('Batch progress')} />
      </div>
      <fieldset className="flex flex-wrap gap-1 px-6 pb-2">
        <legend className="sr-only">{t('Filter clips')}</legend>
        <FilterButton name={t('All {count}', { count: clipsOf(job) })} on={filter === null} onClick={() => filterBy(null)} />
        {itemStates
          .filter((state) => job.counts[state] > 0 || state === filter)
          .map((state) => (
            <FilterButton
              key={state}
              name={`${itemStateNames[state]} ${job.counts[state]}`}
              on={filter === state}
              onClick={() => filterBy(state)}
            />
          ))}
      </fieldset>
      {problem && (
        <div className="px-6 pb-2">
          <FailureNotice error={problem} can={{ retry: () => void show(job.id) }} />
        </div>
      )}
      {job.refused.length > 0 && (
        <section aria-labelledby="refused" className="space-y-1 px-6 pb-3">
          <h2 id="refused" className="text-control font-medium">
            {t('{count, plural, one {# file} other {# files}} could not be opened', { count: job.refused.length })}
          </h2>
          <RefusedFiles refused={job.refused} />
        </section>
      )}
      <BatchTable job={job.id} />
      <SidecarsDialog sidecars={sidecars} />
    </div>
  )
}

function FilterButton({ name, on, onClick }: { readonly name: string; readonly on: boolean; readonly onClick: () => void }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={onClick}
      className="rounded-full border border-line px-3 py-0.5 text-control text-quiet hover:border-edge aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
    >
      {name}
    </button>
  )
}
