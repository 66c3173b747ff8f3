import { Play, RotateCcw, Square, X } from 'lucide-react'
import type { BenchJob } from '../../../shared/contract/bench.ts'
import { assertNever } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { durationText } from '../../lib/time-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { RichText } from '../ui/rich-text.tsx'

/** A benchmark that the service runs: its progress and failures, and buttons to stop and resume it. */
export function BenchJobCard({ job }: { readonly job: BenchJob }) {
  const { id, name, model, state, done, failed, total, failures, error, notScored } = job
  const resume = (retryFailed: boolean) => reportErrors(() => service.bench.resume({ job: id, retryFailed }))
  const canRetry = state !== 'running' && failed > 0
  return (
    <li className="space-y-2 rounded-panel bg-panel p-4 shadow-panel">
      <div className="flex items-center gap-2">
        <div className="min-w-0 flex-1">
          <h3 className="truncate font-semibold">{name}</h3>
          <p className="truncate text-note text-quiet">{model}</p>
        </div>
        {state === 'running' ? (
          <IconButton
            icon={Square}
            label={t('Stop {name}', { name })}
            onClick={() => reportErrors(() => service.bench.stop({ job: id }))}
          />
        ) : (
          <>
            {state !== 'done' && <IconButton icon={Play} label={t('Resume {name}', { name })} onClick={() => resume(false)} />}
            {canRetry && (
              <IconButton icon={RotateCcw} label={t('Run the failed samples of {name} again', { name })} onClick={() => resume(true)} />
            )}
            <IconButton
              icon={X}
              label={t('Remove {name} from this list (its answers are kept)', { name })}
              onClick={() => reportErrors(() => service.bench.dismiss({ job: id }))}
            />
          </>
        )}
      </div>
      <ProgressBar value={total === 0 ? null : done / total} label={t('Progress of {name}', { name })} />
      <p className="text-control text-quiet tabular-nums">{jobText(job)}</p>
      {failures.length > 0 && (
        <details className="text-control">
          <summary>{t('Last failures')}</summary>
          <ul className="space-y-1 pt-1 text-quiet">
            {failures.map(({ key, message }) => (
              <li key={key} className="wrap-anywhere">
                {key}: {translate(message)}
              </li>
            ))}
          </ul>
        </details>
      )}
      {notScored.length > 0 && state === 'done' && (
        <p className="text-control text-quiet">
          <RichText
            message="Not scored, because a judge is needed: {sets}. Run {command} on the folder of this run."
            values={{
              sets: notScored.join(', '),
              command: <code className="font-mono text-control">tarsier bench eval --judge</code>,
            }}
          />
        </p>
      )}
      {error && <FailureNotice error={error} can={{ retry: () => resume(false) }} />}
    </li>
  )
}

function jobText({ state, step, done, failed, total, perMinute, secondsLeft }: BenchJob): string {
  const counts = [
    t('{done} of {total, plural, one {# sample} other {# samples}}', { done, total }),
    ...(failed > 0 ? [t('{failed} failed', { failed })] : []),
  ]
  switch (state) {
    case 'running':
      if (step === 'preparing') return t('Loading the model…')
      if (step === 'scoring') return [...counts, t('scoring…')].join(' · ')
      return [
        ...counts,
        ...(perMinute === null ? [] : [t('{rate} per minute', { rate: perMinute.toFixed(perMinute < 10 ? 1 : 0) })]),
        ...(secondsLeft === null ? [] : [t('about {time} left', { time: durationText(secondsLeft) })]),
      ].join(' · ')
    case 'stopped':
      return [t('Stopped'), ...(total === 0 ? [] : counts)].join(' · ')
    case 'failed':
      return total === 0 ? t('Nothing was answered.') : counts.join(' · ')
    case 'done':
      return [t('Done'), ...counts].join(' · ')
    default:
      return assertNever(state, 'state of a benchmark')
  }
}
