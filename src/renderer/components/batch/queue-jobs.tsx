import { ChevronDown, Pause, Play, RotateCcw } from 'lucide-react'
import { useEffect } from 'react'
import type { QueueJob, QueueJobDetails, QueueTask } from '../../../shared/contract/queue.ts'
import { counted } from '../../../shared/size-text.ts'
import { durationText } from '../../lib/time-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { isConfigured, useQueue } from '../../stores/queue.ts'
import { Button } from '../ui/button.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

/** Jobs that several machines share through a database. Shows nothing if no queue is configured. */
export function QueueJobs() {
  const { view, follow } = useQueue()
  useEffect(() => {
    const leaving = new AbortController()
    reportErrors(() => follow(leaving.signal))
    return () => leaving.abort()
  }, [follow])
  if (!isConfigured(view)) return null
  return (
    <section aria-labelledby="queue-title" className="space-y-2 pt-6">
      <h2 id="queue-title" className="font-semibold">
        Queue <span className="ml-2 font-normal text-note text-quiet">{view.address}</span>
      </h2>
      {view.problem && (
        <Notice tone="bad" title="The queue cannot be read">
          {view.problem.message}
        </Notice>
      )}
      {view.jobs.length === 0 && !view.problem && (
        <p className="text-control text-quiet">The queue has no jobs. “tarsier jobs submit” adds one, and “tarsier worker” works on it.</p>
      )}
      <ul className="space-y-2">
        {view.jobs.map((job) => (
          <QueueJobRow key={job.name} job={job} />
        ))}
      </ul>
    </section>
  )
}

const taskNames: Readonly<Record<QueueTask, string>> = { describe: 'Descriptions', events: 'Events', check: 'Checks', bench: 'Benchmark' }

function QueueJobRow({ job }: { readonly job: QueueJob }) {
  const { open, details, toggle, pause, resume, retryFailed } = useQueue()
  const { name, state, failed } = job
  const isOpen = open === name
  const ended = job.done + failed >= job.units
  return (
    <li className="rounded-panel bg-panel px-4 py-3 shadow-panel">
      <div className="flex items-center gap-3">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => reportErrors(() => toggle(name))}
          className="min-w-0 flex-1 space-y-1.5 text-left"
        >
          <span className="flex items-baseline gap-3">
            <span className="truncate font-medium">{name}</span>
            <ChevronDown size={16} aria-hidden="true" className={`shrink-0 self-center text-quiet ${isOpen ? 'rotate-180' : ''}`} />
          </span>
          <span className="block text-control text-quiet">{jobText(job)}</span>
          <ProgressBar value={job.units === 0 ? 0 : (job.done + failed) / job.units} label={`Progress of ${name}`} />
        </button>
        {state === 'running' && !ended && (
          <IconButton icon={Pause} label={`Pause ${name}`} onClick={() => reportErrors(() => pause(name))} />
        )}
        {state === 'paused' && <IconButton icon={Play} label={`Resume ${name}`} onClick={() => reportErrors(() => resume(name))} />}
        {failed > 0 && state !== 'cancelled' && (
          <IconButton icon={RotateCcw} label={`Retry what failed in ${name}`} onClick={() => reportErrors(() => retryFailed(name, null))} />
        )}
      </div>
      {isOpen && details && <Details details={details} />}
    </li>
  )
}

function Details({ details: { name, workers, failures, state } }: { readonly details: QueueJobDetails }) {
  const retry = useQueue((shown) => shown.retryFailed)
  return (
    <div className="space-y-3 pt-3 text-control">
      {workers.length === 0 && <p className="text-quiet">No worker has taken anything yet.</p>}
      {workers.length > 0 && (
        <ul aria-label={`Workers of ${name}`} className="space-y-1">
          {workers.map((worker) => (
            <li key={worker.name} className="flex flex-wrap gap-x-3">
              <span className="font-medium">{worker.name}</span>
              <span className="text-quiet">
                {[
                  worker.alive ? 'works' : 'ended',
                  `${worker.done} done`,
                  ...(worker.failed > 0 ? [`${worker.failed} failed`] : []),
                  ...(worker.running > 0 ? [`${worker.running} in progress`] : []),
                  ...(worker.perMinute === null ? [] : [rateText(worker.perMinute)]),
                ].join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
      {failures.length > 0 && (
        <ul aria-label={`Failures of ${name}`} className="space-y-2">
          {failures.map(({ code, count, example }) => (
            <li key={code} className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <span className="min-w-0 flex-1">
                <span className="font-medium">
                  {counted(count, 'failure')} with {code}
                </span>{' '}
                <span className="text-quiet">such as: {example}</span>
              </span>
              {state !== 'cancelled' && (
                <Button size="small" onClick={() => reportErrors(() => retry(name, code))}>
                  Retry these
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function jobText({ task, model, tag, state, units, done, failed, running, perMinute, secondsLeft }: QueueJob): string {
  return [
    `${taskNames[task]} with ${model}`,
    `${done} of ${counted(units, 'clip')} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(running > 0 ? [`${running} in progress`] : []),
    ...(tag === null ? [] : [`workers with the tag ${tag}`]),
    ...(state === 'running' ? [] : [state]),
    ...(perMinute === null || state !== 'running' ? [] : [rateText(perMinute)]),
    ...(secondsLeft === null ? [] : [`about ${durationText(secondsLeft)} left`]),
  ].join(' · ')
}

function rateText(perMinute: number): string {
  return `${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)} a minute`
}
