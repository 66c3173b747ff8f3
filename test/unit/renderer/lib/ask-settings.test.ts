import { expect, test } from 'vitest'
import { askSettings, frameRequest } from '../../../../src/renderer/lib/ask-settings.ts'
import { askSettingsSchema } from '../../../../src/shared/contract/asking.ts'
import { defaultSettings } from '../../../../src/shared/contract/settings.ts'

const whole = { range: null, picked: [] }

test('frames picked by hand win over a part, and go in order', () => {
  expect(frameRequest({ range: { start: 1, end: 2 }, picked: [9, 3] }, defaultSettings, undefined)).toEqual({
    kind: 'indices',
    indices: [3, 9],
  })
})

test('a part is asked for with the settings’ count and rule', () => {
  const settings = { ...defaultSettings, frames: 12, sampler: 'middle' as const }
  expect(frameRequest({ range: { start: 1, end: 2 }, picked: [] }, settings, undefined)).toEqual({
    kind: 'middle',
    count: 12,
    range: { unit: 'seconds', start: 1, end: 2 },
  })
})

test('a limit that was taken away does not come back from the question before', () => {
  expect(askSettings(whole, defaultSettings, undefined).maxPixels).toBeUndefined()
  const after = askSettings(whole, defaultSettings, undefined, { maxPixels: 4000 })
  expect(after.maxPixels).toBeGreaterThan(1e8)
  expect(askSettingsSchema.safeParse(after).success).toBe(true)
})
