import { readJsonLines } from '../json-lines.ts'
import type { Prediction } from '../prediction.ts'
import { parsePrediction } from '../run/read-predictions.ts'
import type { RunFiles } from './run-files.ts'

/** Returns the keys of the samples whose key, prompt, answer, reference or error contains a text, ignoring case. Reads all files of the run. */
export async function searchRun(files: RunFiles, text: string, signal: AbortSignal): Promise<Set<string>> {
  const wanted = text.toLowerCase()
  const keys = new Set<string>()
  for (const { path } of files.predictions) {
    for await (const read of readJsonLines(path, signal)) {
      if (read.kind === 'broken') continue
      const prediction = parsePrediction(read.value)
      if (!('reason' in prediction) && textsOf(prediction).some((each) => each.toLowerCase().includes(wanted))) keys.add(prediction.key)
    }
  }
  return keys
}

function textsOf({ key, prompt, begun, prediction, reference, error }: Prediction): readonly string[] {
  return [key, prompt, `${begun}${prediction ?? ''}`, ...[reference].flat(), error?.message ?? '']
}
