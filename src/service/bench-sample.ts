import { basename, isAbsolute, resolve } from 'node:path'
import { type IndexedSample, lowestDigit, readPlaces, readSamples, scoreOf } from '../bench/explore/run-index.ts'
import { parseVerdict } from '../bench/explore/verdict-line.ts'
import { entailedPart } from '../bench/metrics/dream.ts'
import { parseChoice } from '../bench/metrics/multi-choice.ts'
import type { Prediction, Used } from '../bench/prediction.ts'
import type { BenchDetail, BenchSample, JudgedEvent, SampleVerdict } from '../shared/contract/bench.ts'
import { TarsierError } from '../shared/errors.ts'
import { stateOf } from './bench-rows.ts'
import type { OpenRun } from './bench-runs.ts'

/** Returns the sample with a key. Throws `nothing-found`. */
export function indexedSample(run: OpenRun, key: string): IndexedSample {
  const sample = run.index.byKey.get(key)
  if (sample) return sample
  throw new TarsierError('nothing-found', `This run no longer contains the sample "${key.slice(0, 100)}". Reload its samples.`)
}

/** Reads the prediction of a sample. */
export async function predictionOf(sample: IndexedSample): Promise<Prediction> {
  const [prediction] = await readSamples([sample])
  if (prediction) return prediction
  throw new TarsierError('bench-damaged', 'The file no longer contains this sample. Open the run again.')
}

/** Returns a sample with its prediction, verdict and details. */
export async function wholeSample(run: OpenRun, key: string): Promise<BenchSample> {
  const sample = indexedSample(run, key)
  const prediction = await predictionOf(sample)
  const { dataset, prompt, begun, question, reference, error, used, video } = prediction
  return {
    key,
    dataset,
    state: stateOf(sample.standing),
    score: scoreOf(sample.standing),
    prompt,
    begun,
    question,
    references: [reference].flat(),
    answer: prediction.prediction,
    error,
    verdict: await verdictOf(sample, prediction),
    clip: video === null ? null : basename(video.replaceAll('\\', '/')),
    frames: used?.frames ?? [],
    details: [...(used ? usedDetails(used, prediction.finish) : []), ...annotated(prediction)],
  }
}

/**
 * Returns the path of a sample's clip. Throws `file-missing` if the prediction names none, and `not-allowed` for a network path: opening one
 * would send the user's name to another machine.
 */
export function clipPathOf(run: OpenRun, { video }: Prediction): string {
  if (video === null || video.includes('<placeholder>'))
    throw new TarsierError('file-missing', 'The prediction does not record the path of its clip.')
  if (/^[\\/]{2}/.test(video)) throw new TarsierError('not-allowed', `The clip is on another machine (${video}) and is not downloaded.`)
  return isAbsolute(video) ? video : resolve(run.directory, video)
}

async function verdictOf(sample: IndexedSample, prediction: Prediction): Promise<SampleVerdict | null> {
  if (sample.standing.kind === 'choice')
    return { kind: 'choice', letter: parseChoice(prediction.prediction ?? '', lowestDigit(prediction)) }
  if (!sample.verdict) return null
  const [value] = await readPlaces([sample.verdict])
  const line = parseVerdict(value)
  if (!line) return null
  if (line.kind === 'none') return { kind: 'none', reason: line.reason, judge: line.judge }
  if (line.kind === 'judged') {
    const { correct, score, reason, judge } = line
    return { kind: 'judged', correct, score, reason, judge }
  }
  const side = ({ count, events }: typeof line.recall) => ({ share: entailedPart(count), events: events.map(eventOf) })
  return { kind: 'events', recall: side(line.recall), precision: side(line.precision), judge: line.judge }
}

function eventOf({
  event,
  relationship,
  reason,
}: {
  event: string
  relationship: string
  reason?: string | null | undefined
}): JudgedEvent {
  return { event, relationship: relationship.trim().toLowerCase(), reason: reason ?? '' }
}

function usedDetails(
  { model, engine, width, height, generation, device, seconds, versions, frames }: Used,
  finish: string | null,
): BenchDetail[] {
  return [
    { name: 'Model', value: engine === 'tarsier' ? model : `${model} (${engine})` },
    {
      name: 'Frames',
      value: width === null || height === null ? String(frames.length) : `${frames.length} of ${width} × ${height} pixels`,
    },
    { name: 'Device', value: device },
    { name: 'Time', value: `${seconds.toFixed(1)} s` },
    {
      name: 'Generation',
      value: `at most ${generation.maxTokens} tokens, temperature ${generation.temperature}, top-p ${generation.topP}`,
    },
    ...(finish === null ? [] : [{ name: 'Stop reason', value: finish }]),
    ...Object.entries(versions).map(([name, value]) => ({ name, value })),
  ]
}

/** Returns further fields of the annotation, such as domain and duration. Events are omitted: they are part of the verdict. */
function annotated({ extraInfo, task, vid }: Prediction): BenchDetail[] {
  return [
    ...(task === '' ? [] : [{ name: 'Task', value: task }]),
    ...(vid === null ? [] : [{ name: 'Video', value: String(vid) }]),
    ...Object.entries(extraInfo)
      .filter(([name]) => name !== 'events')
      .map(([name, value]) => ({ name: name.replaceAll('_', ' '), value: typeof value === 'string' ? value : JSON.stringify(value) })),
  ].map(({ name, value }) => ({ name, value: value.slice(0, 500) }))
}
