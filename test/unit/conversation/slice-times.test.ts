import { expect, test } from 'vitest'
import { SliceTimes } from '../../../src/engine/conversation/slice-times.ts'

/** A tokenizer with a token per character. */
const language = {
  tokenize: (text: string) => Array.from(text, (character) => character.charCodeAt(0)),
  controls: new Map([
    ['[', 1],
    [']', 2],
  ]),
}
const form = { timestamps: { start: '[', end: ']' } }
const frame = (index: number, time = index / 10) => ({ index, time })
const of = (rate: number | null, frames = 2) => SliceTimes.of(form, language, { rate: rate ?? 1, constantRate: rate !== null }, frames)

// Values are those of `f'{seconds:.1f}'` in Python.
test.each([
  [4, [0, 1], '<0.1 seconds>'],
  [2, [0, 1], '<0.2 seconds>'],
  [2, [1, 2], '<0.8 seconds>'],
  [2, [4, 5], '<2.2 seconds>'],
  [2, [5, 6], '<2.8 seconds>'],
  [24000 / 1001, [15, 30], '<0.9 seconds>'],
  [2, [39], '<19.5 seconds>'],
  [30, [3000, 30000], '<550.0 seconds>'],
])('at %f frames per second, frames %j have the time %s', (rate, indices, text) => {
  expect(of(rate)?.text(indices.map((index) => frame(index)))).toBe(text)
})

test('a clip without a constant rate has presentation times', () => {
  expect(of(null)?.text([frame(3, 1.5), frame(4, 4.7)])).toBe('<3.1 seconds>')
})

test('a slice that follows another one stands after the end of that one, its time, and its own start', () => {
  const [first, ...rest] = of(4)?.lead([frame(8)]) ?? []
  expect([first, rest.at(-1)]).toEqual([2, 1])
  expect(String.fromCharCode(...rest.slice(0, -1))).toBe('<2.0 seconds>')
})

test('pictures, and models whose prompts have no times, have none', () => {
  expect(of(4, 1)).toBeNull()
  expect(SliceTimes.of({ timestamps: null }, language, { rate: 4, constantRate: true }, 2)).toBeNull()
})
