import { expect, it } from 'vitest'
import { csvText } from '../../../src/shared/csv.ts'

it('is read correctly by spreadsheets', () => {
  expect(
    csvText([
      ['file', 'answer'],
      ['강아지.mp4', 'says "hi", twice\nthen goes'],
      ['=1+1', '-3'],
      ['-x', '@sum'],
    ]),
  ).toBe('\ufefffile,answer\r\n강아지.mp4,"says ""hi"", twice\nthen goes"\r\n\'=1+1,-3\r\n\'-x,\'@sum\r\n')
})

it.each(['=1+1', '+1+1', '-1+1', "-2+3+cmd|' /C calc'!A0", '-x', '- 3', '@SUM(A1)', '\t=1', '\r=1', '＝1', '+3', '-3-'])(
  'neutralises %j',
  (text) => {
    const [, cell = ''] = csvText([[text]]).split('\ufeff')
    expect(cell.replace(/^"/, '').startsWith("'")).toBe(true)
  },
)

it.each(['-3', '-0.5', '1e-7', '-1.5E+10', '7', 'a=1', ''])('does not change %j', (text) => {
  expect(csvText([[text]])).toBe(`\ufeff${text}\r\n`)
})
