import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../jobs/write-file.ts'
import { UPSTREAM_FOLDER } from './find-predictions.ts'
import { PREDICTIONS_FILE } from './prediction-file.ts'
import { readPredictions } from './read-predictions.ts'
import type { Shard } from './shard.ts'
import { toUpstream } from './upstream-prediction.ts'

/**
 * Writes a second copy of a data set's predictions in the Python program's format, `upstream/predictions[_N_k].jsonl` (k from 0), and returns its
 * path.
 */
export async function writeUpstream(directory: string, shard: Shard | undefined, signal: AbortSignal): Promise<string> {
  const folder = join(directory, UPSTREAM_FOLDER)
  const name = shard ? `predictions_${shard.of}_${shard.index - 1}.jsonl` : 'predictions.jsonl'
  await makeFolder(folder)
  await replaceFile(folder, name, upstreamLines(join(directory, PREDICTIONS_FILE), signal))
  return join(folder, name)
}

async function* upstreamLines(path: string, signal: AbortSignal): AsyncGenerator<string, void> {
  for await (const read of readPredictions(path, signal)) {
    if (read.kind === 'prediction') yield `${JSON.stringify(toUpstream(read.prediction))}\n`
  }
}
