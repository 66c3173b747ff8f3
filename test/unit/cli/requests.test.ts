import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClipOptions } from '../../../src/cli/options.ts'
import { clipRequest, frameRequest, samplingOf } from '../../../src/cli/requests.ts'

const defaults = {
  frames: { kind: 'uniform', count: 16 },
  prompt: 'Describe the video in detail.',
  generation: { maxTokens: 256, temperature: 0, topP: 1 },
} as const
const plain: ClipOptions = { model: 'demo', device: 'auto', cache: true }

describe('the request to the engine', () => {
  it('has the model’s defaults without options', () => {
    expect(frameRequest(plain, defaults)).toEqual({ kind: 'uniform', count: 16 })
    expect(samplingOf({}, defaults)).toEqual({ maxTokens: 256, temperature: 0, topP: 1, topK: 0, repeatPenalty: 1, stop: [] })
    expect(clipRequest('a.mp4', plain, defaults).path).toBe(resolve('a.mp4'))
  })

  it('has the given options', () => {
    expect(frameRequest({ ...plain, sampler: 'middle', frames: 4, start: 1.5 }, defaults)).toEqual({
      kind: 'middle',
      count: 4,
      range: { unit: 'seconds', start: 1.5 },
    })
    expect(frameRequest({ ...plain, start: 0, end: 2 }, defaults)).toMatchObject({ range: { unit: 'seconds', start: 0, end: 2 } })
    expect(frameRequest({ ...plain, at: [0, 1.5] }, defaults)).toEqual({ kind: 'times', times: [0, 1.5] })
    expect(samplingOf({ maxTokens: 8, temperature: 0.5, seed: 0, stop: ['.'] }, defaults)).toMatchObject({
      maxTokens: 8,
      temperature: 0.5,
      seed: 0,
      stop: ['.'],
    })
  })
})
