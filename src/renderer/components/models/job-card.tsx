import { Pause, Play, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { ModelJob } from '../../../shared/contract/models.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { durationText } from '../../lib/time-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

interface JobCardProps {
  readonly job: ModelJob
  /** Whether the job was just started from another part of the view. If so, the card scrolls into view without taking the focus. */
  readonly started: boolean
}

/** A model that is being downloaded or imported. */
export function JobCard({ job, started }: JobCardProps) {
  const card = useRef<HTMLLIElement>(null)
  useEffect(() => {
    // Smooth scrolling would end at the wrong position if the content above changes its height meanwhile.
    if (started) card.current?.scrollIntoView({ block: 'nearest', behavior: 'instant' })
  }, [started])
  const { id, name, source, state, progress, error } = job
  const resume = () => reportErrors(() => service.models.resume({ job: id }))
  return (
    <li ref={card} className="scroll-mt-12 scroll-mb-4 space-y-2 rounded-panel bg-panel p-4 shadow-panel">
      <div className="flex items-center gap-2">
        <div className="min-w-0 flex-1">
          <h3 className="truncate font-semibold">{name}</h3>
          <p className="truncate text-note text-quiet">{t('from {source}', { source })}</p>
        </div>
        {state === 'running' && (
          <IconButton
            icon={Pause}
            label={t('Pause {name}', { name })}
            onClick={() => reportErrors(() => service.models.pause({ job: id }))}
          />
        )}
        {state === 'paused' && <IconButton icon={Play} label={t('Resume {name}', { name })} onClick={resume} />}
        <IconButton
          icon={X}
          label={state === 'running' || state === 'paused' ? t('Cancel {name}', { name }) : t('Remove {name} from the list', { name })}
          onClick={() => reportErrors(() => service.models.cancel({ job: id }))}
        />
      </div>
      <ProgressBar value={progress.value} label={`${translate(progress.title)}: ${name}`} />
      <p className="text-control text-quiet">{jobText(job)}</p>
      {error && <FailureNotice error={error} can={{ retry: resume }} />}
    </li>
  )
}

function jobText({ state, step, progress }: ModelJob): string {
  if (state === 'done') return t('Installed.')
  const parts = [translate(progress.title), ...(progress.detail ? [translate(progress.detail)] : [])]
  if (state === 'paused') parts.unshift(t('Paused'))
  if (step === 'fetching' && 'bytes' in progress && progress.totalBytes > 0) {
    parts.push(t('{done} of {total}', { done: sizeText(progress.bytes), total: sizeText(progress.totalBytes) }))
    if (state === 'running' && progress.bytesPerSecond !== null) parts.push(`${sizeText(progress.bytesPerSecond)}/s`)
    if (state === 'running' && progress.secondsLeft !== null)
      parts.push(t('about {time} left', { time: durationText(progress.secondsLeft) }))
  }
  return parts.join(' · ')
}
