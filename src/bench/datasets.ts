import { TarsierError } from '../shared/errors.ts'
import type { Metric } from './sample.ts'

/** What is measured together. `moving-shapes` is our own and needs nothing from elsewhere; the others are the papers'. */
export const groupNames = ['dream', 'caption', 'mc_qa', 'oe_qa', 'moving-shapes'] as const
export type GroupName = (typeof groupNames)[number]

/** A data set: everything this program knows of it stands in its row of {@link dataSets}. */
export interface DataSet {
  /** As given on the command line, and the folder of its predictions. */
  readonly name: string
  readonly group: GroupName
  readonly metric: Metric
  /** What its annotations call it, before the slash of a sub task. */
  readonly dataset: string
  /** The annotation file as it is published; other names are read too, for lines are told by {@link DataSet.dataset}. */
  readonly file: string
}

export const dataSets: readonly DataSet[] = [
  row('dream', 'dream', 'autodq', 'DREAM', 'DREAM-1k.jsonl'),
  row('msvd-caption', 'caption', 'cider', 'MSVD-Caption-test'),
  row('msr-vtt-caption', 'caption', 'cider', 'MSR-VTT-Caption-test'),
  row('vatex-caption', 'caption', 'cider', 'VATEX-test'),
  row('next-qa', 'mc_qa', 'multi-choice', 'Next-QA-val-multi_choice'),
  row('egoschema', 'mc_qa', 'multi-choice', 'EgoSchema', 'EgoSchema_subset.jsonl'),
  row('mvbench', 'mc_qa', 'multi-choice', 'MVBench'),
  row('tvbench', 'mc_qa', 'multi-choice', 'TVBench'),
  row('video-mme', 'mc_qa', 'multi-choice', 'Video-MME'),
  row('favor-bench', 'mc_qa', 'multi-choice', 'FAVOR-Bench'),
  row('msvd-qa', 'oe_qa', 'open-ended', 'MSVD-QA-val'),
  row('msr-vtt-qa', 'oe_qa', 'open-ended', 'MSR-VTT-QA-val'),
  row('tgif-qa', 'oe_qa', 'open-ended', 'TGIF-QA-test'),
  row('anet-qa', 'oe_qa', 'open-ended', 'ActivityNet-QA-test'),
  row('moving-shapes-dream', 'moving-shapes', 'autodq', 'moving-shapes-dream'),
  row('moving-shapes-mc', 'moving-shapes', 'multi-choice', 'moving-shapes-mc'),
  row('moving-shapes-oe', 'moving-shapes', 'open-ended', 'moving-shapes-oe'),
]

/**
 * The data sets that names mean, each once and in the table's order: groups, data sets, or `all`, which is every one of the papers'.
 * Upper and lower case are the same. Throws `usage` for a name that is none, and lists those that are.
 */
export function resolveNames(names: readonly string[]): DataSet[] {
  const wanted = new Set(names.flatMap((name) => named(name.toLowerCase())))
  return dataSets.filter((set) => wanted.has(set))
}

/** The data set that a sample's `dataset` (`NAME` or `NAME/sub task`) belongs to; null for one that is not known here. */
export function dataSetOf(dataset: string): DataSet | null {
  const [name] = dataset.split('/', 1)
  return dataSets.find((set) => set.dataset === name) ?? null
}

function named(name: string): DataSet[] {
  const found = dataSets.filter((set) => set.name === name || set.group === name || (name === 'all' && set.group !== 'moving-shapes'))
  if (found.length > 0) return found
  const sets = dataSets.map((set) => set.name).join(', ')
  throw new TarsierError('usage', `There is no data set "${name}". Data sets: ${sets}. Groups: ${groupNames.join(', ')}, all.`)
}

function row(name: string, group: GroupName, metric: Metric, dataset: string, file = `${dataset}.jsonl`): DataSet {
  return { name, group, metric, dataset, file }
}
