import { expect, it } from 'vitest'
import { settingDifferences } from '../../../../src/bench/run/run-settings.ts'

it('compares text models by their contents, but not with runs that stored a name only', () => {
  const shape = { name: 'mine', rewrite: { kind: 'shorter', model: 'small', maxTokens: 9 } }
  expect(settingDifferences({ shape, 'text-model': 'aa' }, { shape, 'text-model': 'bb' })).toEqual(['text-model was "aa" and is "bb"'])
  expect(settingDifferences({ shape }, { shape, 'text-model': 'bb' })).toEqual([])
  expect(settingDifferences({ shape: 'one-line' }, { shape, 'text-model': 'bb' })).toHaveLength(1)
})
