import type { Command } from 'commander'
import { findPredictions } from '../bench/run/find-predictions.ts'
import { mergePredictions, writeMerged } from '../bench/run/merge.ts'
import { counted } from '../shared/size-text.ts'
import { brokenLineError, printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { RunCommand } from './interrupt.ts'
import { oneLine } from './printable.ts'

export function addBenchMerge(bench: Command, run: RunCommand): void {
  bench
    .command('merge')
    .summary('merge the predictions of several shards')
    .description(
      'Merges the predictions of several shards into one folder, as if one machine had made them. Predictions of the Python program are supported.\n' +
        'If a sample failed in one shard and was answered in another, the answer is used. The input files are not changed.',
    )
    .argument('<path...>', 'output folders of "tarsier bench run", or prediction files')
    .requiredOption('-o, --out <dir>', 'output folder; it gets a subfolder for each data set')
    .addHelpText(
      'after',
      `
Exit status: 0 merged; 1 a line is invalid (the rest is merged) or the parts are of different runs; 2 invalid usage.

Example:
  tarsier bench merge runs/part-1 runs/part-2 -o runs/whole`,
    )
    .action((paths: string[], options: { out: string }) => run((signal) => benchMerge(paths, options.out, signal)))
}

async function benchMerge(paths: readonly string[], out: string, signal: AbortSignal): Promise<ExitCode> {
  const files = (await Promise.all(paths.map(findPredictions))).flatMap((found) => found.files)
  const { sets, broken } = await mergePredictions(files, signal)
  for (const line of broken) printError(brokenLineError(line))
  await writeMerged(sets, out)
  for (const { name, predictions } of sets) {
    const failed = [...predictions.values()].filter(({ prediction }) => prediction === null).length
    process.stdout.write(
      `${oneLine(name)}: ${counted(predictions.size, 'sample')}, ${predictions.size - failed} answered, ${failed} failed\n`,
    )
  }
  return broken.length > 0 ? exitCodes.failed : exitCodes.done
}
