import { describe, expect, it } from 'vitest'
import { ProgressLine, progressText } from '../../../src/cli/progress-line.ts'

function terminal(isTTY: boolean, columns = 80) {
  const written: string[] = []
  return { isTTY, columns, written, write: (text: string) => written.push(text) }
}

describe('progress on stderr', () => {
  it('shows stage, frame and speed', () => {
    const state = { title: 'a.mp4', stage: null, frame: null, pieces: 0, writing: 0 } as const
    expect(progressText(state)).toBe('a.mp4')
    expect(progressText({ ...state, stage: 'looking', frame: { done: 3, of: 16 } })).toBe('a.mp4: encoding, frame 3 of 16')
    expect(progressText({ ...state, stage: 'writing', pieces: 30, writing: 2 })).toBe('a.mp4: writing, 30 tokens, 15.0 tokens/s')
  })

  it('is silent when stderr is no terminal', () => {
    const output = terminal(false)
    const line = new ProgressLine(output)
    line.begin('a.mp4')
    line.event({ kind: 'stage', stage: 'looking' })
    line.event({ kind: 'frame', frame: { index: 0, time: 0 }, done: 1, of: 2 })
    line.note('done')
    line.hide()
    expect(output.written).toEqual([])
  })

  it('throttles drawing, except for a new stage and the last frame', () => {
    const output = terminal(true)
    const line = new ProgressLine(output, () => 0)
    line.begin('a')
    line.event({ kind: 'stage', stage: 'looking' })
    for (let done = 1; done <= 4; done += 1) line.event({ kind: 'frame', frame: { index: done, time: done }, done, of: 4 })
    expect(output.written).toEqual(['\r\x1b[Ka', '\r\x1b[Ka: encoding', '\r\x1b[Ka: encoding, frame 4 of 4'])
  })

  it('stays within the line and clears it at the end', () => {
    const output = terminal(true, 30)
    const line = new ProgressLine(output)
    line.begin(`${'long/'.repeat(20)}a.mp4`)
    expect(output.written[0]).toHaveLength('\r\x1b[K'.length + 29)
    line.clear()
    line.clear()
    expect(output.written.slice(1)).toEqual(['\r\x1b[K'])
  })

  it('counts columns, not characters: wide ones take two, and none is cut in half', () => {
    const output = terminal(true, 30)
    const line = new ProgressLine(output)
    line.begin(`${'漢'.repeat(20)}.mp4`)
    line.begin(`${'👨‍👩‍👧'.repeat(20)}.mp4`)
    line.begin('é'.repeat(40))
    expect(output.written).toEqual(['漢'.repeat(14), '👨‍👩‍👧'.repeat(14), 'é'.repeat(29)].map((text) => `\r\x1b[K${text}`))
  })

  it('stays hidden until the next clip', () => {
    const output = terminal(true)
    const line = new ProgressLine(output)
    line.begin('a')
    line.hide()
    line.event({ kind: 'stage', stage: 'writing' })
    expect(output.written).toEqual(['\r\x1b[Ka', '\r\x1b[K'])
    line.begin('b')
    expect(output.written.at(-1)).toBe('\r\x1b[Kb')
  })
})
