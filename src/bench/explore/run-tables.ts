import { readFile } from 'node:fs/promises'
import { dataSetOf } from '../datasets.ts'
import { aggregateDream } from '../metrics/dream.ts'
import { groupBy } from '../metrics/group-by.ts'
import { type ChoiceScore, overallOf, rulesOf } from '../metrics/multi-choice.ts'
import { aggregateOpenEnded } from '../metrics/open-ended.ts'
import { aggregateVideoMme, VIDEO_MME, type VideoMmeAnswer } from '../metrics/video-mme.ts'
import { choiceReport } from '../report/choice-report.ts'
import { dreamReport } from '../report/dream-report.ts'
import { type EvalReport, evalReportSchema, type ReportBody } from '../report/eval-report.ts'
import { openReport } from '../report/open-report.ts'
import { videoMmeReport } from '../report/video-mme-report.ts'
import type { RunFiles } from './run-files.ts'
import type { IndexedSample } from './run-index.ts'

/** Maximum size of a report; a report of every sub task of the longest benchmark is far smaller. */
const MAX_REPORT_BYTES = 8 * 1024 * 1024

/** Reads the reports that evaluations wrote to a run's folder: the latest for each data set. Skips other JSON files. */
export async function readReports({ reports }: RunFiles): Promise<Map<string, EvalReport>> {
  const found = new Map<string, EvalReport>()
  for (const { path, bytes } of [...reports].sort((a, b) => a.modified - b.modified)) {
    if (bytes > MAX_REPORT_BYTES) continue
    const report = evalReportSchema.safeParse(await json(path))
    if (report.success) found.set(report.data.dataset, report.data)
  }
  return found
}

/**
 * Computes the scores of one data set's samples from the index, if no evaluation has written a report. Returns null if the index does not suffice,
 * because there are no verdicts or the metric needs the texts.
 */
export function tablesOf(name: string, samples: readonly IndexedSample[]): ReportBody | null {
  switch (dataSetOf(name)?.metric) {
    case 'multi-choice': {
      if (name === VIDEO_MME) return videoMmeReport(aggregateVideoMme(samples.map(videoMmeAnswer)))
      const groups = groupBy(samples, ({ dataset }) => dataset)
      const tasks = new Map([...groups].map(([task, group]) => [task, choiceScore(group)]))
      return choiceReport(name, overallOf(choiceScore(samples), tasks, rulesOf(samples)))
    }
    case 'autodq': {
      const verdicts = samples.flatMap(({ key, dataset, labels, standing }) =>
        standing.kind === 'events' ? [{ key, dataset, extraInfo: labels, recall: standing.recall, precision: standing.precision }] : [],
      )
      if (verdicts.length === 0) return null
      const failed = samples.filter(({ standing }) => standing.kind !== 'events').map(({ dataset }) => dataset)
      return dreamReport(name, aggregateDream(verdicts, failed))
    }
    case 'open-ended': {
      const verdicts = samples.flatMap(({ key, dataset, standing }) =>
        standing.kind === 'judged' ? [{ key, dataset, correct: standing.correct, score: standing.score }] : [],
      )
      return verdicts.length === 0 ? null : openReport(name, aggregateOpenEnded(verdicts, samples.length - verdicts.length))
    }
    default:
      return null
  }
}

function videoMmeAnswer({ key, labels, standing }: IndexedSample): VideoMmeAnswer {
  return { key, labels, correct: standing.kind === 'choice' ? standing.correct : null }
}

function choiceScore(samples: readonly IndexedSample[]): ChoiceScore {
  const named = samples.flatMap(({ standing }) => (standing.kind === 'choice' ? [standing.correct] : []))
  return { accuracy: named.filter(Boolean).length / named.length, success: named.length, failed: samples.length - named.length }
}

async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return null // not a report of this program
  }
}
