import type { Command } from 'commander'
import { addBenchEval } from './bench-eval.ts'
import { addBenchMerge } from './bench-merge.ts'
import { addPrepare } from './bench-prepare.ts'
import { addBenchRun } from './bench-run.ts'
import type { RunCommand } from './interrupt.ts'

/** Adds one of the group's commands. */
type AddCommand = (bench: Command, run: RunCommand) => void

const commands: readonly AddCommand[] = [addPrepare, addBenchRun, addBenchMerge, addBenchEval]

export function addBench(program: Command, run: RunCommand): void {
  const bench = program
    .command('bench')
    .summary('measure models on benchmarks')
    .description(
      'Runs models on the data sets of the Tarsier papers and on your own, and scores the answers. You provide the annotations and videos;\n' +
        'the built-in data set "moving-shapes" needs neither.',
    )
  for (const add of commands) add(bench, run)
}
