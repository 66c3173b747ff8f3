import { describe, expect, it } from 'vitest'
import { durationText, transferText, workText } from '../../../src/cli/transfer-text.ts'

describe('a download on one line', () => {
  it('shows position, speed and remaining time', () => {
    const state = {
      value: 0.3449,
      title: 'downloading',
      bytes: 5.2e9,
      totalBytes: 15.5e9,
      bytesPerSecond: 45e6,
      secondsLeft: 233,
    }
    expect(transferText(state)).toBe('downloading, 34 %, 5.2 GB of 16 GB, 45 MB/s, 4 min left')
  })

  it('omits an unknown speed', () => {
    const state = { value: 0, title: 'waiting 2 s', bytes: 0, totalBytes: 10, bytesPerSecond: null, secondsLeft: null }
    expect(transferText(state)).toBe('waiting 2 s, 0 %, 0 B of 10 B')
    expect(transferText({ ...state, totalBytes: 0 })).toBe('waiting 2 s')
  })

  it.each([
    [0.2, '1 s'],
    [89, '89 s'],
    [90, '2 min'],
    [5340, '89 min'],
    [7500, '2 h 05 min'],
  ])('formats %d seconds as %j', (seconds, text) => {
    expect(durationText(seconds)).toBe(text)
  })
})

describe('another job on one line', () => {
  it('shows position, step, speed and remaining time', () => {
    const state = { value: 0.349, title: 'writing the language model', bytesPerSecond: 310e6, secondsLeft: 40 }
    expect(workText(state)).toBe('34 %, writing the language model, 310 MB/s, 40 s left')
    expect(workText({ value: 1, title: 'done' })).toBe('100 %, done')
    expect(workText({ value: 0, title: 'x', bytesPerSecond: null, secondsLeft: null })).toBe('0 %, x')
  })
})
