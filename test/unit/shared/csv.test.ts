import { expect, it } from 'vitest'
import { csvText } from '../../../src/shared/csv.ts'

it('is what spreadsheets read as it is meant', () => {
  expect(
    csvText([
      ['file', 'answer'],
      ['강아지.mp4', 'says "hi", twice\nthen goes'],
      ['=1+1', '-3'],
      ['-x', '@sum'],
    ]),
  ).toBe('\ufefffile,answer\r\n강아지.mp4,"says ""hi"", twice\nthen goes"\r\n\'=1+1,-3\r\n\'-x,\'@sum\r\n')
})
