import { useEffect } from 'react'
import type { BenchRun } from '../../../shared/contract/bench.ts'
import { useBench } from '../../stores/bench.ts'
import { useBenchList } from '../../stores/bench-list.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { SampleFilters } from './sample-filters.tsx'
import { SampleList } from './sample-list.tsx'
import { SamplePanel } from './sample-panel.tsx'

/** The samples of one run or two runs compared, and the selected one in full. In narrow windows the selected sample replaces the list. */
export function SamplesPage({ run }: { readonly run: BenchRun }) {
  const other = useBench((state) => state.other)
  const { query, problem, list, again } = useBenchList()
  const { choice, close } = useBenchSample()
  const compared = other?.id ?? null
  useEffect(() => {
    const { query: before } = useBenchList.getState()
    // The page may only be shown again, after another view or the tables.
    if (before?.run !== run.id || before.other !== compared) close()
    void list(run.id, compared)
  }, [run.id, compared, list, close])
  if (query?.run !== run.id) return null
  return (
    <div className="flex h-full min-h-0">
      <div className={`min-h-0 min-w-0 flex-col ${choice ? 'hidden w-104 shrink-0 border-r border-line lg:flex' : 'flex flex-1'}`}>
        <SampleFilters run={run} query={query} />
        {problem && (
          <div className="px-6 pb-2">
            <FailureNotice error={problem} can={{ retry: () => void again() }} />
          </div>
        )}
        <SampleList />
      </div>
      {choice && <SamplePanel />}
    </div>
  )
}
