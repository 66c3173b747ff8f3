import type { Answered, ModelUnderTest } from '../../src/bench/run/model-under-test.ts'
import { clipThenText, type Sample } from '../../src/bench/sample.ts'

export const usedByModel: Answered['used'] = {
  engine: 'openai',
  model: 'm',
  files: {},
  frames: [],
  width: null,
  height: null,
  generation: { maxTokens: 1, temperature: 0, topP: 1 },
  device: 'here',
  seconds: 0,
  versions: {},
}

/** A model that consists of one function of the sample's number. */
export function answeringModel(respond: (idx: number, signal: AbortSignal) => Promise<string>): ModelUnderTest {
  return {
    settings: {},
    answer: async ({ idx }, _video, signal) => ({ text: await respond(Number(idx), signal), finish: 'end', used: usedByModel }),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** A sample of TVBench about the clip `/v/<idx>.mp4`, which does not exist. */
export function choiceSample(idx: number): Sample {
  return {
    key: `TVBench-${idx}`,
    dataset: 'TVBench',
    task: '',
    idx,
    vid: null,
    content: clipThenText(`/v/${idx}.mp4`, 'Which?'),
    prompt: 'Which?',
    answerPrefix: '',
    reference: 'A',
    question: null,
    extraInfo: {},
  }
}
