import { ChevronDown, Pause, Play, RotateCcw } from 'lucide-react'
import { useEffect } from 'react'
import type { QueueJob, QueueJobDetails, QueueJobState, QueueTask } from '../../../shared/contract/queue.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { reconnecting } from '../../flows/connection.ts'
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
    void reconnecting(leaving.signal, () => follow(leaving.signal))
    return () => leaving.abort()
  }, [follow])
  if (!isConfigured(view)) return null
  return (
    <section aria-labelledby="queue-title" className="space-y-2 pt-6">
      <h2 id="queue-title" className="font-semibold">
        {t('Queue')} <span className="ml-2 font-normal text-note text-quiet">{view.address}</span>
      </h2>
      {view.problem && (
        <Notice tone="bad" title={t('The queue cannot be read')}>
          {translate(view.problem.message)}
        </Notice>
      )}
      {view.jobs.length === 0 && !view.problem && (
        <p className="text-control text-quiet">
          {t('The queue has no jobs. “tarsier jobs submit” adds one, and “tarsier worker” works on it.')}
        </p>
      )}
      <ul className="space-y-2">
        {view.jobs.map((job) => (
          <QueueJobRow key={job.name} job={job} />
        ))}
      </ul>
    </section>
  )
}

const taskNames: Readonly<Record<QueueTask, string>> = {
  describe: t('Descriptions'),
  events: t('Events'),
  check: t('Checks'),
  bench: t('Benchmark'),
}
const stateNames: Readonly<Record<QueueJobState, string>> = { running: t('running'), paused: t('paused'), cancelled: t('cancelled') }

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
          <ProgressBar value={job.units === 0 ? 0 : (job.done + failed) / job.units} label={t('Progress of {name}', { name })} />
        </button>
        {state === 'running' && !ended && (
          <IconButton icon={Pause} label={t('Pause {name}', { name })} onClick={() => reportErrors(() => pause(name))} />
        )}
        {state === 'paused' && (
          <IconButton icon={Play} label={t('Resume {name}', { name })} onClick={() => reportErrors(() => resume(name))} />
        )}
        {failed > 0 && state !== 'cancelled' && (
          <IconButton
            icon={RotateCcw}
            label={t('Retry what failed in {name}', { name })}
            onClick={() => reportErrors(() => retryFailed(name, null))}
          />
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
      {workers.length === 0 && <p className="text-quiet">{t('No worker has taken anything yet.')}</p>}
      {workers.length > 0 && (
        <ul aria-label={t('Workers of {name}', { name })} className="space-y-1">
          {workers.map((worker) => (
            <li key={worker.name} className="flex flex-wrap gap-x-3">
              <span className="font-medium">{worker.name}</span>
              <span className="text-quiet">
                {[
                  worker.alive ? t('works') : t('ended'),
                  t('{count} done', { count: worker.done }),
                  ...(worker.failed > 0 ? [t('{count} failed', { count: worker.failed })] : []),
                  ...(worker.running > 0 ? [t('{count} in progress', { count: worker.running })] : []),
                  ...(worker.perMinute === null ? [] : [rateText(worker.perMinute)]),
                ].join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
      {failures.length > 0 && (
        <ul aria-label={t('Failures of {name}', { name })} className="space-y-2">
          {failures.map(({ code, count, example }) => (
            <li key={code} className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <span className="min-w-0 flex-1">
                <span className="font-medium">{t('{count, plural, one {# failure} other {# failures}} with {code}', { count, code })}</span>{' '}
                <span className="text-quiet">{t('such as: {example}', { example: translate(example) })}</span>
              </span>
              {state !== 'cancelled' && (
                <Button size="small" onClick={() => reportErrors(() => retry(name, code))}>
                  {t('Retry these')}
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
    t('{task} with {model}', { task: taskNames[task], model }),
    t('{done} of {clips, plural, one {# clip} other {# clips}} done', { done, clips: units }),
    ...(failed > 0 ? [t('{count} failed', { count: failed })] : []),
    ...(running > 0 ? [t('{count} in progress', { count: running })] : []),
    ...(tag === null ? [] : [t('workers with the tag {tag}', { tag })]),
    ...(state === 'running' ? [] : [stateNames[state]]),
    ...(perMinute === null || state !== 'running' ? [] : [rateText(perMinute)]),
    ...(secondsLeft === null ? [] : [t('about {time} left', { time: durationText(secondsLeft) })]),
  ].join(' · ')
}

function rateText(perMinute: number): string {
  return t('{rate} a minute', { rate: perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute) })
}
