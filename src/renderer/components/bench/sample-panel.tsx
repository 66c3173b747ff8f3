import { ArrowLeft, ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect } from 'react'
import type { BenchSample } from '../../../shared/contract/bench.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { rowAt } from '../../lib/sparse-pages.ts'
import { useBench } from '../../stores/bench.ts'
import { useBenchList } from '../../stores/bench-list.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { DetailList } from './detail-list.tsx'
import { SampleClip } from './sample-clip.tsx'
import { SampleFrames } from './sample-frames.tsx'
import { StateMark } from './state-mark.tsx'
import { VerdictView } from './verdict-view.tsx'

/** A sample in full: clip, prompt, answers and verdicts; two runs are shown side by side. */
export function SamplePanel() {
  const { choice, first, second, problem, show, close } = useBenchSample()
  const { run, other } = useBench()
  const { pages, total, need } = useBenchList()
  const at = choice?.index ?? 0
  // In a narrow window the list is hidden, and asks for no rows.
  useEffect(() => need(Math.max(0, at - 1), Math.min(total - 1, at + 1)), [need, at, total])
  if (!choice) return null
  const step = (by: number) => {
    const index = choice.index + by
    const row = rowAt(pages, index)
    if (row) void show({ key: row.key, index, first: row.first && (run?.id ?? null), second: row.second && (other?.id ?? null) })
  }
  const sample = first ?? second
  const both = other !== null
  return (
    <article aria-label={choice.key} className="flex min-h-0 min-w-0 flex-1 flex-col">
      <header className="flex items-center gap-1 border-b border-line px-4 py-2">
        <IconButton icon={ArrowLeft} label={t('Close the sample')} onClick={close} />
        <h2 className="min-w-0 flex-1 truncate px-1 font-semibold">{choice.key}</h2>
        <span className="text-note text-quiet tabular-nums">
          {t('{index, number} of {total, number}', { index: choice.index + 1, total })}
        </span>
        <IconButton
          icon={ChevronLeft}
          label={t('Previous sample')}
          why={choice.index === 0 ? t('This is the first sample') : null}
          onClick={() => step(-1)}
        />
        <IconButton
          icon={ChevronRight}
          label={t('Next sample')}
          why={choice.index + 1 >= total ? t('This is the last sample') : null}
          onClick={() => step(1)}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard. */}
      <section tabIndex={0} aria-label={t('Sample details')} className="min-h-0 flex-1 space-y-5 overflow-y-auto px-5 py-4">
        {problem && <FailureNotice error={problem} can={{ retry: () => void show(choice) }} />}
        {sample && (
          <>
            <div className="grid gap-5 xl:grid-cols-2">
              <SampleClip name={sample.clip} />
              <SampleFrames sample={sample} />
            </div>
            <Part title={t('Prompt')}>
              <p className="whitespace-pre-wrap wrap-anywhere">{sample.prompt}</p>
              {sample.begun !== '' && (
                <p className="text-quiet">{t('The answer had to start with “{begin}”.', { begin: sample.begun.trim() })}</p>
              )}
            </Part>
            <Part title={sample.references.length > 1 ? t('References') : t('Reference')}>
              {sample.references.map((text, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the same caption may occur twice.
                <p key={i} className="whitespace-pre-wrap wrap-anywhere">
                  {text}
                </p>
              ))}
            </Part>
            <div className={both ? 'grid gap-5 md:grid-cols-2' : ''}>
              <AnswerSection title={both ? (run?.name ?? t('First')) : t('Answer')} sample={first} />
              {both && <AnswerSection title={other.name} sample={second} />}
            </div>
          </>
        )}
      </section>
    </article>
  )
}

function AnswerSection({ title, sample }: { readonly title: string; readonly sample: BenchSample | null }) {
  if (!sample) return <Part title={title}>{t('This run does not contain the sample.')}</Part>
  const { answer, error, state, score, verdict, details } = sample
  return (
    <div className="min-w-0 space-y-4">
      <Part title={title} mark={<StateMark state={state} score={score} />}>
        {answer !== null && <p className="whitespace-pre-wrap wrap-anywhere">{answer === '' ? t('The answer is empty.') : answer}</p>}
        {error && (
          <p className="text-danger wrap-anywhere">
            {translate(error.message)} ({error.code})
          </p>
        )}
        {answer !== null && state === 'failed' && <p className="text-quiet">{t('The answer names no option and counts as failed.')}</p>}
      </Part>
      {verdict && <VerdictView verdict={verdict} />}
      <details className="text-control">
        <summary className="w-fit text-quiet hover:text-text">{t('Settings and annotation')}</summary>
        <DetailList details={details} />
      </details>
    </div>
  )
}

function Part({ title, mark, children }: { readonly title: string; readonly mark?: React.ReactNode; readonly children: React.ReactNode }) {
  return (
    <section aria-label={title} className="space-y-1">
      <h3 className="flex items-center gap-2 text-control font-semibold">
        <span className="min-w-0 truncate">{title}</span> {mark}
      </h3>
      <div className="space-y-1 text-body">{children}</div>
    </section>
  )
}
