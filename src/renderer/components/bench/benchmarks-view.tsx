import { FolderOpen, Play } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { useEffect, useState } from 'react'
import type { BenchRunSummary } from '../../../shared/contract/bench.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { reconnecting } from '../../flows/connection.ts'
import { useReturn } from '../../hooks/use-return.ts'
import { figureLine, runCommand } from '../../lib/bench-labels.ts'
import { momentText } from '../../lib/time-text.ts'
import { useBench } from '../../stores/bench.ts'
import { useBenchJobs } from '../../stores/bench-jobs.ts'
import { reportErrors } from '../../stores/problem.ts'
import { CopyButton } from '../chat/copy-button.tsx'
import { Button } from '../ui/button.tsx'
import { RichText } from '../ui/rich-text.tsx'
import { ViewHeader } from '../view-header.tsx'
import { BenchJobCard } from './bench-job-card.tsx'
import { Leaderboard } from './leaderboard.tsx'
import { NewRunDialog } from './new-run-dialog.tsx'
import { RunView } from './run-view.tsx'
import { tabClass } from './tab-class.ts'

/** Benchmark runs, and how they compare with published results. */
export function BenchmarksView() {
  const { open, load, refresh } = useBench()
  useEffect(() => reportErrors(load), [load])
  useReturn(refresh)
  const follow = useBenchJobs((state) => state.follow)
  useEffect(() => {
    const leaving = new AbortController()
    void reconnecting(leaving.signal, () => follow(leaving.signal))
    return () => leaving.abort()
  }, [follow])
  return open === null ? <Overview /> : <RunView />
}

function Overview() {
  const { runs, folder, loadLeaderboard, addFolder } = useBench()
  const jobs = useBenchJobs((state) => state.jobs)
  const [creating, setCreating] = useState(false)
  const choose = async () => {
    const [opened] = (await window.tarsier?.choose('run')) ?? []
    if (opened?.kind === 'failed') throw TarsierError.fromData(opened.error)
    if (opened?.kind === 'run') await addFolder(opened.handle)
  }
  const noShell = window.tarsier
    ? null
    : folder === null
      ? t('A browser cannot open a folder of this disk. Runs in the app’s folder are listed automatically.')
      : t('A browser cannot open a folder of this disk. Runs in {folder} are listed automatically.', { folder })
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title={t('Benchmarks')} lead={t('The questions, answers and scores of benchmark runs.')}>
        <Button why={noShell} onClick={() => reportErrors(choose)}>
          <FolderOpen size={16} aria-hidden="true" /> {t('Open a run…')}
        </Button>
        <Button variant="primary" onClick={() => setCreating(true)}>
          <Play size={16} aria-hidden="true" /> {t('New run…')}
        </Button>
      </ViewHeader>
      <Tabs.Root defaultValue="runs" className="flex min-h-0 flex-1 flex-col" onValueChange={() => reportErrors(loadLeaderboard)}>
        <Tabs.List aria-label={t('Benchmarks')} className="flex gap-4 border-b border-line px-6">
          <Tabs.Trigger value="runs" className={tabClass}>
            {t('Runs')}
          </Tabs.Trigger>
          <Tabs.Trigger value="leaderboard" className={tabClass}>
            {t('DREAM-1K leaderboard')}
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="runs" className="min-h-0 flex-1 overflow-y-auto px-6 py-4">
          {jobs.length > 0 && (
            <ul aria-label={t('Runs of this app')} className="space-y-2 pb-4">
              {jobs.map((job) => (
                <BenchJobCard key={job.id} job={job} />
              ))}
            </ul>
          )}
          {runs.length > 0 ? (
            <ul className="space-y-2">
              {runs.map((run) => (
                <RunRow key={run.id} run={run} />
              ))}
            </ul>
          ) : (
            folder !== null && jobs.length === 0 && <NoRuns folder={folder} />
          )}
        </Tabs.Content>
        <Tabs.Content value="leaderboard" className="min-h-0 flex-1 overflow-auto px-6 py-4">
          <Leaderboard />
        </Tabs.Content>
      </Tabs.Root>
      {creating && <NewRunDialog onClose={() => setCreating(false)} />}
    </div>
  )
}

/** Explains how to create a first run. */
function NoRuns({ folder }: { readonly folder: string }) {
  const command = runCommand(folder)
  return (
    <div className="mx-auto max-w-2xl space-y-3 py-8">
      <h2 className="text-title font-semibold">{t('No runs yet')}</h2>
      <p className="text-quiet">
        {t(
          '“New run” starts a benchmark here. The data sets of moving shapes generate their own clips and need no download. Benchmarks can also be run in the terminal, with more options; you can view the answers here while they run:',
        )}
      </p>
      <div className="flex items-start gap-2 rounded-panel bg-sunk px-4 py-3">
        <code className="min-w-0 flex-1 font-mono text-control wrap-anywhere">{command}</code>
        <CopyButton text={command} label={t('Copy the command')} />
      </div>
      <p className="text-quiet">
        <RichText
          message="Runs in {folder} appear here automatically. Predictions of the Python program are supported too: move their folder there, or open it. To have a judge score descriptions and open answers, run {command} afterwards."
          values={{
            folder: <span className="wrap-anywhere text-text">{folder}</span>,
            command: <code className="font-mono text-control">tarsier bench eval</code>,
          }}
        />
      </p>
    </div>
  )
}

function RunRow({ run }: { readonly run: BenchRunSummary }) {
  const show = useBench((state) => state.show)
  return (
    <li className="rounded-panel bg-panel shadow-panel transition-colors hover:bg-sunk">
      <button type="button" onClick={() => void show(run.id)} className="w-full space-y-1 px-4 py-3 text-left">
        <span className="flex items-baseline gap-3">
          <span className="truncate font-medium">{run.name}</span>
          {run.model && <span className="truncate text-control text-quiet">{run.model}</span>}
          <span className="ml-auto shrink-0 text-note text-quiet">{momentText(run.changed)}</span>
        </span>
        {run.sets.map(({ name, headline }) => (
          <span key={name} className="flex flex-wrap gap-x-3 text-control">
            <span>{name}</span>
            <span className="text-quiet tabular-nums">{figureLine(headline)}</span>
          </span>
        ))}
      </button>
    </li>
  )
}
