import { FolderOpen } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { useEffect } from 'react'
import { TarsierError } from '../../../shared/errors.ts'
import { useReturn } from '../../hooks/use-return.ts'
import { useBench } from '../../stores/bench.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Button } from '../ui/button.tsx'
import { ViewHeader } from '../view-header.tsx'
import { Leaderboard } from './leaderboard.tsx'
import { NoRuns } from './no-runs.tsx'
import { RunRow } from './run-row.tsx'
import { RunView } from './run-view.tsx'
import { tabClass } from './tab-class.ts'

/** Benchmark runs, and how they compare with published results. */
export function BenchmarksView() {
  const { open, load, refresh } = useBench()
  useEffect(() => reportErrors(load), [load])
  useReturn(refresh)
  return open === null ? <Overview /> : <RunView />
}

function Overview() {
  const { runs, folder, loadLeaderboard, addFolder } = useBench()
  const choose = async () => {
    const [opened] = (await window.tarsier?.choose('run')) ?? []
    if (opened?.kind === 'failed') throw TarsierError.fromData(opened.error)
    if (opened?.kind === 'run') await addFolder(opened.handle)
  }
  const noShell = window.tarsier
    ? null
    : `A browser cannot open a folder of this disk. Runs in ${folder ?? 'the app’s folder'} are listed automatically.`
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Benchmarks" lead="The questions, answers and scores of benchmark runs.">
        <Button why={noShell} onClick={() => reportErrors(choose)}>
          <FolderOpen size={16} aria-hidden="true" /> Open a run…
        </Button>
      </ViewHeader>
      <Tabs.Root defaultValue="runs" className="flex min-h-0 flex-1 flex-col" onValueChange={() => reportErrors(loadLeaderboard)}>
        <Tabs.List aria-label="Benchmarks" className="flex gap-4 border-b border-line px-6">
          <Tabs.Trigger value="runs" className={tabClass}>
            Runs
          </Tabs.Trigger>
          <Tabs.Trigger value="leaderboard" className={tabClass}>
            DREAM-1K leaderboard
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="runs" className="min-h-0 flex-1 overflow-y-auto px-6 py-4">
          {runs.length > 0 ? (
            <ul className="space-y-2">
              {runs.map((run) => (
                <RunRow key={run.id} run={run} />
              ))}
            </ul>
          ) : (
            folder !== null && <NoRuns folder={folder} />
          )}
        </Tabs.Content>
        <Tabs.Content value="leaderboard" className="min-h-0 flex-1 overflow-auto px-6 py-4">
          <Leaderboard />
        </Tabs.Content>
      </Tabs.Root>
    </div>
  )
}
