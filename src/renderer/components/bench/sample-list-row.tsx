import { memo } from 'react'
import type { SampleRow } from '../../../shared/contract/bench.ts'
import { t } from '../../../shared/text.ts'
import { changeNames, taskName } from '../../lib/bench-labels.ts'
import { useBench } from '../../stores/bench.ts'
import type { ListRow } from '../../stores/bench-list.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
import { Thumbnail } from '../clip/thumbnail.tsx'
import { StateMark } from './state-mark.tsx'

interface SampleListRowProps {
  /** Undefined while it is loading. */
  readonly row: ListRow | undefined
  readonly index: number
  readonly height: number
}

/** A sample in the list, from one run or two runs compared. */
export const SampleListRow = memo(function SampleListRow({ row, index, height }: SampleListRowProps) {
  const current = useBenchSample((state) => row !== undefined && state.choice?.key === row.key)
  if (!row) return <div aria-hidden="true" style={{ height }} className="rounded-control bg-sunk" />
  const { key, dataset, first, second, change } = row
  const open = () => {
    const { open: run, other } = useBench.getState()
    void useBenchSample.getState().show({ key, index, first: first && run, second: second && (other?.id ?? null) })
  }
  return (
    <button
      type="button"
      onClick={open}
      aria-current={current ? 'true' : undefined}
      style={{ height }}
      className="flex w-full items-center gap-3 overflow-hidden rounded-control px-2 text-left transition-colors hover:bg-sunk aria-[current]:bg-accent-soft"
    >
      <SamplePicture sample={key} second={first === null} />
      <span className="flex min-w-0 flex-1 flex-col justify-center gap-0.5">
        <span className="flex w-full items-baseline gap-2">
          {first && <StateMark state={first.state} score={first.score} />}
          {change !== null && second && <StateMark state={second.state} score={second.score} />}
          <span className="truncate text-control font-medium">{key}</span>
          <span className="ml-auto shrink-0 text-note text-quiet">{change === null ? taskName(dataset) : changeNames[change]}</span>
        </span>
        {change === null ? (
          <AnswerText row={first} lines="line-clamp-2" />
        ) : (
          [first, second].map((side, i) => <AnswerText key={i === 0 ? 'first' : 'second'} row={side} lines="block truncate" />)
        )}
      </span>
    </button>
  )
})

/** Picture of the sample's clip, from the run that has the sample. */
function SamplePicture({ sample, second }: { readonly sample: string; readonly second: boolean }) {
  const run = useBench(({ open, other }) => (second ? (other?.id ?? null) : open))
  const look = 'h-13 w-20 shrink-0 rounded-control object-cover'
  return run === null ? null : <Thumbnail run={run} sample={sample} className={look} />
}

function AnswerText({ row, lines }: { readonly row: SampleRow | null; readonly lines: string }) {
  return <span className={`${lines} w-full text-control text-quiet`}>{row ? row.answer || t('Empty answer') : '—'}</span>
}
