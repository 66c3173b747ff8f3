import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Prediction } from '../../src/bench/prediction.ts'
import { predictionOf } from './predictions.ts'

const used: Prediction['used'] = {
  engine: 'tarsier',
  model: 'demo',
  files: {},
  frames: [
    { index: 0, time: 0 },
    { index: 12, time: 1.5 },
  ],
  width: 224,
  height: 224,
  generation: { maxTokens: 64, temperature: 0, topP: 1 },
  device: 'vision on CPU, language on CPU',
  seconds: 1.25,
  versions: { tarsier: '1.2.3' },
}

/** An answered prediction with defaults for all fields. */
export function prediction(fields: Pick<Prediction, 'dataset' | 'idx'> & Partial<Prediction>): Prediction {
  return predictionOf({
    task: 'video/caption',
    video: null,
    prompt: 'Describe the video in detail.',
    reference: 'A red circle moves to the right.',
    prediction: 'A red circle moves.',
    finish: 'stop',
    used,
    ...fields,
  })
}

/** A failed prediction. */
export const failure: Pick<Prediction, 'prediction' | 'finish' | 'error' | 'used'> = {
  prediction: null,
  finish: null,
  error: { code: 'file-missing', message: 'There is no gone.mp4. Check the spelling.' },
  used: null,
}

/** An answer to a question whose right option is B. */
export function choice(idx: number, answer: string | null): Prediction {
  const fields = { dataset: 'MVBench/action', idx, task: 'video/QA_multi-choice', prompt: `Question ${idx}: what happens?`, reference: 'B' }
  return prediction(answer === null ? { ...fields, ...failure } : { ...fields, prediction: answer, begun: ' Answer: (' })
}

/** Writes `predictions.jsonl` of one data set into a run's folder; a text is written verbatim as a line. */
export async function writePredictions(run: string, set: string, lines: readonly (Prediction | string)[]): Promise<void> {
  await mkdir(join(run, set), { recursive: true })
  await writeFile(join(run, set, 'predictions.jsonl'), jsonLines(lines))
}

/** Writes verdicts where `bench eval` does. */
export async function writeVerdicts(run: string, name: string, lines: readonly unknown[]): Promise<void> {
  await mkdir(join(run, 'eval_records'), { recursive: true })
  await writeFile(join(run, 'eval_records', `${name}_eval_infos.jsonl`), jsonLines(lines))
}

/** An AutoDQ verdict: the numbers of the reference's events found, and of the answer's own. */
export function dreamVerdict(key: string, recall: readonly boolean[], precision: readonly boolean[]) {
  const events = (all: readonly boolean[], of: string) =>
    all.map((yes, i) => ({
      event: `Event ${i + 1} of the ${of}.`,
      relationship: yes ? 'entailment' : i % 2 === 0 ? 'contradiction' : 'neutral',
      reason: yes ? 'It is said so.' : 'The description does not mention it.',
    }))
  const hit = (all: readonly boolean[]) => `hit: ${all.filter(Boolean).length} / ${all.length}`
  return {
    key,
    idx: 1,
    events_gt: events(recall, 'reference'),
    hit_num_recall: hit(recall),
    events_pred: events(precision, 'answer'),
    hit_num_precision: hit(precision),
    judge: 'openai gpt-3.5-turbo-0125',
    error: null,
  }
}

function jsonLines(lines: readonly unknown[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
}
