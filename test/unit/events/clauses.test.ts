import { expect, test } from 'vitest'
import { clausesOf } from '../../../src/engine/events/clauses.ts'

test.each([
  ['A red circle moves right and then grows.', ['A red circle moves right.', 'The red circle grows.']],
  [
    'A dog is running and jumping in the park, then it sits down.',
    ['A dog is running.', 'The dog is jumping in the park.', 'It sits down.'],
  ],
  ['A man who wears a hat walks in, waves, and leaves.', ['A man who wears a hat walks in.', 'The man waves.', 'The man leaves.']],
  ['Two dogs run and then slowly stop.', ['Two dogs run.', 'Two dogs slowly stop.']],
  ['Walking slowly, the man waves, before leaving the room.', ['Walking slowly, the man waves.', 'Before leaving the room.']],
  ['There is a star. The star spins.', ['There is a star.', 'The star spins.']],
  ['Ein roter Kreis bewegt sich und wächst.', ['Ein roter Kreis bewegt sich und wächst.']],
  ['一个红色的圆向右移动。然后它变大！“它停下了。”', ['一个红色的圆向右移动。', '然后它变大！', '“它停下了。”']],
  ['', []],
])('writes the clauses of "%s" as sentences', (text, sentences) => {
  expect(clausesOf(text).map(({ caption }) => caption)).toEqual(sentences)
})
