import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PathCollector } from '../../../src/main/path-collector.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('collects files that arrive one by one into one list without duplicates', () => {
  const lots: (readonly string[])[] = []
  const gather = new PathCollector((paths) => lots.push(paths))
  gather.add(['a'])
  vi.advanceTimersByTime(200)
  gather.add(['b', 'a'])
  vi.advanceTimersByTime(200)
  expect(lots).toEqual([])
  vi.advanceTimersByTime(200)
  expect(lots).toEqual([['a', 'b']])
  gather.add([])
  vi.advanceTimersByTime(1000)
  gather.add(['c'])
  vi.advanceTimersByTime(1000)
  expect(lots).toEqual([['a', 'b'], ['c']])
})
