import type { BenchRunSummary } from '../../../shared/contract/bench.ts'
import { figureLine } from '../../lib/bench-labels.ts'
import { momentText } from '../../lib/time-text.ts'
import { useBench } from '../../stores/bench.ts'

export function RunRow({ run }: { readonly run: BenchRunSummary }) {
  const show = useBench((state) => state.show)
  return (
    <li className="rounded-xl border border-line bg-raised transition-colors hover:border-edge">
      <button type="button" onClick={() => void show(run.id)} className="w-full space-y-1 px-4 py-3 text-left">
        <span className="flex items-baseline gap-3">
          <span className="truncate font-medium">{run.name}</span>
          {run.model && <span className="truncate text-[0.8125rem] text-quiet">{run.model}</span>}
          <span className="ml-auto shrink-0 text-[0.75rem] text-quiet">{momentText(run.changed)}</span>
        </span>
        {run.sets.map(({ name, headline }) => (
          <span key={name} className="flex flex-wrap gap-x-3 text-[0.8125rem]">
            <span>{name}</span>
            <span className="text-quiet tabular-nums">{figureLine(headline)}</span>
          </span>
        ))}
      </button>
    </li>
  )
}
