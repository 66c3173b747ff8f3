import { type Command, Option } from 'commander'
import type { Shard } from '../bench/run/shard.ts'
import { parseCount, parseShard, parseWorkers } from './run-text.ts'

/** Options of `describe` for lists, in addition to those of model, frames and sampling. */
export interface ListOptions {
  readonly from?: string
  readonly out?: string
  readonly videos?: string
  readonly limit?: number
  readonly shard?: Shard
  readonly workers?: number
  readonly retryFailed?: boolean
  readonly new?: boolean
}

/** Options of `describe` that only apply to single clips. */
const ONE_BY_ONE = ['json', 'sidecar', 'skipExisting', 'overwrite', 'dryRun', 'fit', 'start', 'end', 'at'] as const

export function listOptions(): Option[] {
  const options = [
    new Option(
      '--from <list>',
      'describe the clips of a list with one entry per line: a path, or in a .jsonl file a JSON string, {"video": path, "prompt": text} or an annotation',
    ).conflicts([...ONE_BY_ONE]),
    new Option('-o, --out <file>', 'with --from: output file, one JSON line per caption; resumes if the file exists'),
    new Option('--videos <dir>', 'with --from: folder that contains the clips for "<placeholder>" in annotations'),
    new Option('--limit <n>', 'with --from: only the first n clips of the list').argParser((text) => parseCount(text, 1e9)),
    new Option(
      '--shard <i/n>',
      'with --from: only part i of n, to split the list between machines; each clip is in exactly one part',
    ).argParser(parseShard),
    new Option(
      '--workers <k>',
      'with --from: number of clips run in parallel, each in a process that loads its own model (default: 1; with --engine openai as many as keep the servers busy)',
    ).argParser(parseWorkers),
    new Option('--retry-failed', 'with --from: run failed clips again (default: keep their errors)'),
    new Option('--new', 'with --from: start again; existing captions are moved to a folder "old"'),
  ]
  for (const option of options) option.helpGroup('Lists:')
  return options
}

/** Reports a usage error for list options without a list, or for paths in addition to a list. */
export function checkListOptions(command: Command, paths: readonly string[], options: ListOptions): void {
  if (options.from === undefined) {
    const given = (['out', 'videos', 'limit', 'shard', 'workers', 'retryFailed', 'new'] as const).find(
      (name) => options[name] !== undefined,
    )
    if (given) command.error(`error: option '--${given === 'retryFailed' ? 'retry-failed' : given}' requires '--from LIST'`)
    if (paths.length === 0) command.error("error: missing required argument 'path' (or '--from LIST')")
  } else {
    if (paths.length > 0) command.error("error: give paths or '--from LIST', not both")
    if (options.out === undefined) command.error("error: '--from LIST' requires '--out FILE'")
  }
}
