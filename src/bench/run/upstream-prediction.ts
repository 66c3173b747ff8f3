import type { Annotation } from '../annotation-fields.ts'
import { parseAnnotation } from '../annotations.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'

/** What the Python program writes where a sample failed. */
const UPSTREAM_FAILURE = '<error>'

/** What every prediction repeats of its sample. */
export function sampleFields(sample: Sample): Omit<Prediction, 'video' | 'prediction' | 'finish' | 'error' | 'used'> {
  const { key, dataset, task, idx, vid, prompt, begun, question, reference, extraInfo } = sample
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
 * A line of the Python program's `predictions.jsonl`: an annotation of either version with the answer filled in. An answer of no words
 * stays one.
 */
export function readUpstream(value: unknown): Prediction | { readonly reason: string } {
  const read: Annotation | { readonly reason: string } = parseAnnotation(value)
  if ('reason' in read) return read
  const { sample, answer } = read
  if (answer === null && !hasAnswer(value)) return { reason: 'an annotation without a prediction' }
  const failed = answer === UPSTREAM_FAILURE
  return {
    ...sampleFields(sample),
    video: sample.videoFile,
    prediction: failed ? null : (answer ?? ''),
    finish: null,
    error: failed ? { code: 'internal', message: `The program that made this prediction wrote ${UPSTREAM_FAILURE}.` } : null,
    used: null,
  }
}

/** The same in upstream's version 2, as its evaluation reads it. */
export function toUpstream(prediction: Prediction): unknown {
  const { dataset, task, idx, vid, video, prompt, begun, reference, extraInfo } = prediction
  const answer = prediction.prediction ?? UPSTREAM_FAILURE
  return {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'video', video: { video_file: video ?? '<placeholder>' } },
          { type: 'text', text: prompt },
        ],
      },
      {
        role: 'assistant',
        content: [...(begun === '' ? [] : [{ type: 'text', text: begun }]), { type: 'text', text: answer, reference }],
      },
    ],
    dataset,
    task,
    idx,
    ...(vid !== null && { vid }),
    ...(Object.keys(extraInfo).length > 0 && { extra_info: extraInfo }),
  }
}

/** Version 2 cannot tell no answer from an empty one; version 1 can. */
function hasAnswer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('text' in value)) return true
  return typeof value.text === 'object' && value.text !== null && 'prediction' in value.text
}
