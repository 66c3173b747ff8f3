import { expect, test } from 'vitest'
import type { Onset } from '../../../src/engine/events/onsets.ts'
import { consistentOnsets, saysThen } from '../../../src/engine/events/order.ts'

const at = (time: number, confidence = 1): Onset => ({ time, confidence, rise: 8, lastBefore: 3, firstAfter: 4 })
const timesOf = (found: Parameters<typeof consistentOnsets>[0]) => consistentOnsets(found, 1).map((onset) => onset?.time ?? null)

test('a closer look does not reverse events that the frames put clearly in order', () => {
  const event = (coarse: number, refined: number) => ({ coarse: at(coarse), refined: at(refined), follows: null })
  expect(timesOf([event(4, 4.4), event(4.8, 4.2), event(9, 9.1)])).toEqual([4, 4.8, 9.1])
  // Too near to tell: the closer look decides.
  expect(timesOf([event(4, 4.4), event(4.3, 4.2)])).toEqual([4.4, 4.2])
  expect(timesOf([{ coarse: null, refined: null, follows: null }, event(4, 4.2)])).toEqual([null, 4.2])
})

test('what the text puts after another event is not found before it', () => {
  const event = (time: number, confidence: number, follows: number | null) => ({ coarse: at(time), refined: at(time, confidence), follows })
  expect(timesOf([event(3, 0.5, null), event(0, 0.9, 0)])).toEqual([null, 0])
  expect(timesOf([event(3, 0.9, null), event(3, 0.5, 0)])).toEqual([3, null])
  expect(timesOf([event(3, 0.9, null), event(4, 0.5, 0)])).toEqual([3, 4])
})

test('knows clauses that follow another', () => {
  expect(['and then grows.', 'then it sits', 'and grows', 'while it then grows'].map(saysThen)).toEqual([true, true, false, false])
})
