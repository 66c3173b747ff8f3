import { expect, test } from 'vitest'
import { captionSample } from '../../../src/bench/caption-list.ts'
import { keyed, type Unit, unitName, unitSchema } from '../../../src/queue/unit.ts'
import { failureLine } from '../../../src/queue/unit-lines.ts'

const caption = (video: string, own?: string): Unit => ({ kind: 'sample', sample: captionSample(video, own, own ?? 'Describe it.') })
const units: readonly Unit[] = [
  caption('a.mp4'),
  caption('b.mp4'),
  caption('a.mp4', 'What moves?'),
  { kind: 'events', file: 'a.mp4' },
  { kind: 'check', file: 'a.mp4', text: 'It moves.' },
  { kind: 'check', file: 'a.mp4', text: 'It rests.' },
]

test('units have ids of their own, which are the same each time', () => {
  const ids = units.map((unit) => keyed(unit).id)
  expect(new Set(ids).size).toBe(units.length)
  expect(units.map((unit) => keyed(unit).id)).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('the content of a unit is read as it was', () => {
  for (const unit of units) expect(unitSchema.parse(JSON.parse(keyed(unit).content))).toEqual(unit)
  expect(unitSchema.safeParse({ kind: 'events', file: '' }).success).toBe(false)
})

test('a failed unit has the line of its task', () => {
  const error = { code: 'file-missing', message: 'It is missing.' } as const
  expect(units.map((unit) => unitName(unit))).toEqual(['a.mp4', 'b.mp4', 'a.mp4', 'a.mp4', 'a.mp4', 'a.mp4'])
  expect(failureLine(caption('a.mp4'), error, '/clips/a.mp4')).toMatchObject({
    key: 'captions-a.mp4',
    video: '/clips/a.mp4',
    prediction: null,
    error,
    used: null,
  })
  expect(failureLine({ kind: 'events', file: 'a.mp4' }, error)).toEqual({ file: 'a.mp4', error })
})
