import { expect, test } from 'vitest'
import { askSettings, frameRequest } from '../../../../src/renderer/lib/ask-settings.ts'
import { askSettingsSchema } from '../../../../src/shared/contract/asking.ts'
import { defaultSettings } from '../../../../src/shared/contract/settings.ts'

const whole = { range: null, picked: [] }

test('frames picked by hand take precedence over a range, in order', () => {
  expect(frameRequest({ range: { start: 1, end: 2 }, picked: [9, 3] }, defaultSettings, undefined)).toEqual({
    kind: 'indices',
    indices: [3, 9],
  })
})

test('a range uses the settings’ count and sampler', () => {
  const settings = { ...defaultSettings, frames: 12, sampler: 'middle' as const }
  expect(frameRequest({ range: { start: 1, end: 2 }, picked: [] }, settings, undefined)).toEqual({
    kind: 'middle',
    count: 12,
    range: { unit: 'seconds', start: 1, end: 2 },
  })
})

test('a removed limit or system prompt does not return from the previous question', () => {
  expect(askSettings(whole, defaultSettings, undefined).maxPixels).toBeUndefined()
  const after = askSettings(whole, defaultSettings, undefined, { maxPixels: 4000, system: 'Be brief.' })
  expect(after.maxPixels).toBeGreaterThan(1e8)
  expect(after.system).toBe('')
  expect(askSettings(whole, { ...defaultSettings, system: 'Be brief.' }, undefined).system).toBe('Be brief.')
  expect(askSettingsSchema.safeParse(after).success).toBe(true)
})
