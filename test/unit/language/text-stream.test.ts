import { describe, expect, it } from 'vitest'
import { TextStream } from '../../../src/engine/language/text-stream.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('TextStream', () => {
  it('splits no character', () => {
    const stream = new TextStream([])
    const shown = Array.from(bytes('é🎬视'), (byte) => stream.push(Uint8Array.of(byte)))
    expect(shown).toEqual(['', 'é', '', '', '', '🎬', '', '', '视'])
    expect(stream.end()).toBe('')
  })

  it('replaces a character whose end never came', () => {
    const stream = new TextStream([])
    expect(stream.push(bytes('🎬').subarray(0, 3))).toBe('')
    expect(stream.end()).toBe('\ufffd')
  })

  it('delays a possible stop string, and emits it when it is none', () => {
    const stream = new TextStream(['USER:'])
    expect(stream.push(bytes('a US'))).toBe('a ')
    expect(stream.push(bytes('A US'))).toBe('USA ')
    expect(stream.push(bytes('ER'))).toBe('')
    expect(stream.end()).toBe('USER')
    expect(stream.stopped).toBe(false)
  })

  it('ends before the first of several stop strings', () => {
    const stream = new TextStream(['end', 'ab'])
    expect(stream.push(bytes('xya'))).toBe('xy')
    expect(stream.push(bytes('b end'))).toBe('')
    expect(stream.stopped).toBe(true)
    expect(stream.push(bytes('more')) + stream.end()).toBe('')
  })
})
