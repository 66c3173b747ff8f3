import { expect, test } from 'vitest'
import { sentenceSpans } from '../../../src/engine/events/sentence-spans.ts'

test.each([
  ['A man enters. He sits down!', ['A man enters.', 'He sits down!']],
  ['At 10 a.m. a man arrives. The U.S. flag waves.', ['At 10 a.m. a man arrives.', 'The U.S. flag waves.']],
  ['  1. A man enters the room.\n2. He sits down and reads.', ['A man enters the room.', 'He sits down and reads.']],
  ['- a dog runs\n* it stops', ['a dog runs', 'it stops']],
  ['## Summary\nA man walks.\n\n---\n\n“He sings.”\n', ['Summary', 'A man walks.', '“He sings.”']],
  ['1.\nA man walks.\n2)\n...', ['A man walks.']],
  ['3.', ['3.']],
  ['一个红色的圆向右移动。然后它变大！“它停下了。”', ['一个红色的圆向右移动。', '然后它变大！', '“它停下了。”']],
  ['वह किताब. वह बैठता है।', ['वह किताब.', 'वह बैठता है।']],
  ['', []],
  [' \n', []],
])('finds the sentences of %j', (text, expected) => {
  const spans = sentenceSpans(text)
  expect(spans.map(({ start, end }) => text.slice(start, end))).toEqual(expected)
})

test('tells headings from sentences', () => {
  expect(sentenceSpans('# Summary\nA man walks.\n#5 is a horse.').map(({ heading }) => heading)).toEqual([true, false, false])
})
