import type { Prediction } from '../../src/bench/prediction.ts'

/** A prediction as a run writes it; failed if `prediction` is null. */
export function predictionOf(given: Partial<Prediction> & Pick<Prediction, 'dataset' | 'idx'>): Prediction {
  const prediction = given.prediction === undefined ? 'A' : given.prediction
  return {
    key: `${given.dataset}-${given.idx}`,
    task: 'video/QA',
    vid: null,
    video: '/videos/clip.mp4',
    prompt: 'What happens?',
    begun: '',
    question: null,
    reference: 'A',
    extraInfo: {},
    finish: prediction === null ? null : 'end',
    error: prediction === null ? { code: 'file-missing', message: 'There is no such file.' } : null,
    used: null,
    ...given,
    prediction,
  }
}
