import { FolderOpen } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { useEffect } from 'react'
import type { BenchRunSummary } from '../../../shared/contract/bench.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { useReturn } from '../../hooks/use-return.ts'
import { figureLine, runCommand } from '../../lib/bench-labels.ts'
import { momentText } from '../../lib/time-text.ts'
import { useBench } from '../../stores/bench.ts'
import { reportErrors } from '../../stores/problem.ts'
import { CopyButton } from '../chat/copy-button.tsx'
import { Button } from '../ui/button.tsx'
import { ViewHeader } from '../view-header.tsx'
import { Leaderboard } from './leaderboard.tsx'
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

/** Explains how to create a first run. */
function NoRuns({ folder }: { readonly folder: string }) {
  const command = runCommand(folder)
  return (
    <div className="mx-auto max-w-2xl space-y-3 py-8">
      <h2 className="text-lg font-semibold">No runs yet</h2>
      <p className="text-quiet">
        Benchmarks are run in the terminal. This one generates its own clips, needs no download and takes a few minutes with the demo model.
        You can view the answers here while it runs:
      </p>
      <div className="flex items-start gap-2 rounded-xl border border-line bg-raised px-4 py-3">
        <code className="min-w-0 flex-1 font-mono text-[0.8125rem] wrap-anywhere">{command}</code>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <p className="text-quiet">
        Runs in <span className="wrap-anywhere text-text">{folder}</span> appear here automatically. Predictions of the Python program are
        supported too: move their folder there, or open it. To have a judge score descriptions and open answers, run{' '}
        <code className="font-mono text-[0.8125rem]">tarsier bench eval</code> afterwards.
      </p>
    </div>
  )
}

function RunRow({ run }: { readonly run: BenchRunSummary }) {
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
