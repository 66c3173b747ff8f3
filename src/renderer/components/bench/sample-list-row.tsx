import { memo } from 'react'
import type { SampleRow } from '../../../shared/contract/bench.ts'
import { changeNames, taskName } from '../../lib/bench-labels.ts'
import { useBench } from '../../stores/bench.ts'
import type { ListRow } from '../../stores/bench-list.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
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
  if (!row) return <div aria-hidden="true" style={{ height }} className="rounded-lg bg-sunk" />
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
      className="flex w-full flex-col justify-center gap-0.5 overflow-hidden rounded-lg border border-line bg-raised px-3 text-left transition-colors hover:border-edge aria-[current]:border-accent aria-[current]:bg-accent-soft"
    >
      <span className="flex w-full items-baseline gap-2">
        {first && <StateMark state={first.state} score={first.score} />}
        {change !== null && second && <StateMark state={second.state} score={second.score} />}
        <span className="truncate text-[0.8125rem] font-medium">{key}</span>
        <span className="ml-auto shrink-0 text-[0.75rem] text-quiet">{change === null ? taskName(dataset) : changeNames[change]}</span>
      </span>
      {change === null ? (
        <AnswerText row={first} lines="line-clamp-2" />
      ) : (
        [first, second].map((side, i) => <AnswerText key={i === 0 ? 'first' : 'second'} row={side} lines="block truncate" />)
      )}
    </button>
  )
})

function AnswerText({ row, lines }: { readonly row: SampleRow | null; readonly lines: string }) {
  return <span className={`${lines} w-full text-[0.8125rem] text-quiet`}>{row ? row.answer || 'Empty answer' : '—'}</span>
}
