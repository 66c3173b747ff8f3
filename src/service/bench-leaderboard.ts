import { setOf } from '../bench/explore/run-index.ts'
import { readReports } from '../bench/explore/run-tables.ts'
import { dreamTasks, published } from '../bench/leaderboard.ts'
import { aggregateDream, type DreamFigures } from '../bench/metrics/dream.ts'
import type { DreamTriple, LeaderboardRow } from '../shared/contract/bench.ts'
import { type BenchRunFolder, type BenchRuns, runName } from './bench-runs.ts'
import { modelOfRun } from './bench-summary.ts'

const DREAM = 'DREAM'

/** Published results and those of the user's own runs, sorted by F1, best first. Runs without verdicts on DREAM-1K are omitted. */
export async function leaderboard(runs: BenchRuns): Promise<LeaderboardRow[]> {
  const own = await Promise.all((await runs.list()).map((run) => ownRow(runs, run)))
  const rows: LeaderboardRow[] = published.map(({ source, ...row }) => ({ ...row, source: { kind: 'published', ...source } }))
  return [...rows, ...own.flatMap((row) => (row ? [row] : []))].sort((a, b) => b.overall.f1 - a.overall.f1)
}

async function ownRow(runs: BenchRuns, run: BenchRunFolder): Promise<LeaderboardRow | null> {
  // Index only runs with verdicts.
  if (!run.files.verdicts.some(({ path }) => path.endsWith(`${DREAM}_eval_infos.jsonl`))) return null
  const { index } = await runs.get(run.id)
  const verdicts = index.samples.flatMap(({ key, dataset, standing }) =>
    standing.kind === 'events' && setOf(dataset) === DREAM
      ? [{ key, dataset, extraInfo: {}, recall: standing.recall, precision: standing.precision }]
      : [],
  )
  if (verdicts.length === 0) return null
  const { overall, tasks } = aggregateDream(verdicts, [])
  const report = (await readReports(run.files)).get(DREAM)
  return {
    model: (await modelOfRun(run)) ?? runName(run),
    overall: triple(overall),
    kinds: Object.fromEntries(
      [...tasks].flatMap(([task, figures]) => {
        const kind = dreamTasks.get(task)
        return kind ? [[kind, triple(figures)]] : []
      }),
    ),
    source: {
      kind: 'own',
      run: run.id,
      name: runName(run),
      judged: verdicts.length,
      judge: report?.judge?.name ?? index.judges.get(DREAM) ?? null,
    },
  }
}

function triple({ f1, precision, recall }: DreamFigures): DreamTriple {
  return { f1: f1 * 100, precision: precision * 100, recall: recall * 100 }
}
