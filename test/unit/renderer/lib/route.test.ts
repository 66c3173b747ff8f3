import { expect, test } from 'vitest'
import { fragmentOf, isSamePlace, type Route, routeOf } from '../../../../src/renderer/lib/route.ts'

const clip = { view: 'clip', clip: 'c'.repeat(22), chat: 'd'.repeat(22), time: 12.5 } as const
const sample = { view: 'benchmarks', run: 'a run', other: 'b', sample: 'DREAM/x 1?', row: 7 } as const

test.each<[fragment: string, route: Route]>([
  ['', { view: 'clip', clip: null, chat: null, time: null }],
  [`#/clip/${clip.clip}/${clip.chat}?t=12.5`, clip],
  [`#/clip/${clip.clip}`, { ...clip, chat: null, time: null }],
  ['#/library?q=red+circle', { view: 'library', text: 'red circle' }],
  ['#/batches', { view: 'batches', batch: null }],
  ['#/benchmarks/a%20run?with=b&sample=DREAM%2Fx+1%3F&row=7', sample],
  ['#/models', { view: 'models' }],
])('%s', (fragment, route) => {
  expect(fragmentOf(route)).toBe(fragment)
  expect(routeOf(fragment)).toEqual(route)
})

test('an address that is none is that of the start page', () => {
  for (const fragment of ['#/nothing', '#elsewhere', '#/clip', '#/%E0%A4%A', '#/clip/?t=x'])
    expect(routeOf(fragment)).toMatchObject({ view: 'clip', chat: null, time: null })
})

test('moments of a clip and samples of a list are one place, conversations and views are not', () => {
  expect(isSamePlace(clip, { ...clip, time: 3 })).toBe(true)
  expect(isSamePlace(sample, { ...sample, sample: 'y', row: 8 })).toBe(true)
  expect(isSamePlace(sample, { ...sample, sample: null })).toBe(false)
  expect(isSamePlace(clip, { ...clip, chat: 'e' })).toBe(false)
  expect(isSamePlace(clip, { view: 'library', text: '' })).toBe(false)
})
