import { parseAnnotation } from '../annotations.ts'
import { dataSetOf } from '../datasets.ts'
import type { Prediction } from '../prediction.ts'
import { clipsOf, type Sample } from '../sample.ts'

/** Prediction that the Python program writes for a failed sample. */
const UPSTREAM_FAILURE = '<error>'

/** Returns the fields that a prediction copies from its sample. */
export function sampleFields(sample: Sample): Omit<Prediction, 'video' | 'prediction' | 'finish' | 'error' | 'used'> {
  const { key, dataset, task, idx, vid, prompt, answerPrefix: begun, question, reference, extraInfo } = sample
  return {
    key,
    dataset,
    task,
    idx,
    vid,
    prompt,
    begun,
    question,
    reference: typeof reference === 'string' ? reference : [...reference],
    extraInfo: { ...extraInfo },
  }
}

/**
 * Parses a line of the Python program's `predictions.jsonl`: an annotation of either version with the answer filled in. An empty answer remains an
 * empty answer.
 */
export function readUpstream(value: unknown): Prediction | { readonly reason: string } {
  const read = parseAnnotation(value, 'prediction')
  if ('reason' in read) return read
  const { sample, answer, version } = read
  if (answer === null && !hasAnswer(value)) return { reason: 'an annotation without a prediction' }
  const failed = answer === UPSTREAM_FAILURE
  return {
    ...sampleFields(sample),
    video: clipsOf(sample).flatMap(({ file }) => file)[0] ?? null,
    prediction: failed ? null : (answer ?? ''),
    finish: null,
    error: failed ? { code: 'internal', message: `The program that made this prediction wrote ${UPSTREAM_FAILURE}.` } : null,
    used: null,
    ...(version === 1 && { upstream: version }),
  }
}

/**
 * Converts a prediction to a line for upstream's evaluation, in the formats of both versions at once: each version reads its own fields and ignores
 * the other's. Version 1 scores captions with several references and open questions, on which version 2 fails; version 2 scores the data sets that
 * version 1 does not know.
 */
export function toUpstream(prediction: Prediction): unknown {
  const { dataset, task, idx, vid, video, prompt, begun, question, reference, extraInfo } = prediction
  const answer = prediction.prediction ?? UPSTREAM_FAILURE
  const [only, ...others] = [reference].flat()
  const references = others.length > 0 ? reference : (only ?? '')
  const file = video ?? '<placeholder>'
  return {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'video', video: { video_file: file } },
          { type: 'text', text: prompt },
        ],
      },
      {
        role: 'assistant',
        content: [...(begun === '' ? [] : [{ type: 'text', text: begun }]), { type: 'text', text: answer, reference: references }],
      },
    ],
    text: {
      prompt: `USER: <video>\n${prompt} ASSISTANT:${begun}`,
      // Used to judge open questions.
      question: question ?? prompt,
      response: references,
      prediction: answer,
    },
    video_file: file,
    dataset,
    task,
    idx,
    ...(vid !== null && { vid }),
    ...(Object.keys(extraInfo).length > 0 && { extra_info: withNumbers(prediction) }),
  }
}

/**
 * Adds the clip's and the question's number, by which Video-MME's tables are grouped. Version 1's evaluation adds them itself; version 2's expects
 * them.
 */
function withNumbers({ dataset, idx, vid, extraInfo }: Prediction): Prediction['extraInfo'] {
  return dataSetOf(dataset)?.name === 'video-mme' ? { ...(vid !== null && { vid }), idx, ...extraInfo } : extraInfo
}

/** Whether there is an answer. Version 2 does not distinguish a missing answer from an empty one; version 1 does. */
function hasAnswer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || 'messages' in value || !('text' in value)) return true
  return typeof value.text === 'object' && value.text !== null && 'prediction' in value.text
}
