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
  ['After that, the woman opens the box and smiles.', ['After that, the woman opens the box.', 'The woman smiles.']],
  [
    'A dog runs across the yard, and after a few seconds it jumps over a fence and barks.',
    ['A dog runs across the yard.', 'After a few seconds it jumps over a fence.', 'It barks.'],
  ],
  ['A few seconds later he jumps up and waves.', ['A few seconds later he jumps up.', 'He waves.']],
  ['As the sun sets, a boat moves left and stops.', ['As the sun sets, a boat moves left.', 'The boat stops.']],
  ['After a pause, he stands up and leaves.', ['After a pause, he stands up.', 'He leaves.']],
  [
    'He opens the door, looks around and, after a moment, leaves.',
    ['He opens the door.', 'He looks around.', 'After a moment, he leaves.'],
  ],
  ['A man waits and after a moment leaves.', ['A man waits.', 'After a moment the man leaves.']],
  ['Dogs run and, after a while, sleep.', ['Dogs run.', 'After a while, dogs sleep.']],
  ['The dog sits and after a while it barks.', ['The dog sits.', 'After a while it barks.']],
  ['On the left a man walks in and waves.', ['On the left a man walks in.', 'The man waves.']],
  ['In the background, a car passes and stops.', ['In the background, a car passes.', 'The car stops.']],
  ['The text "The End" appears and fades.', ['The text "The End" appears.', 'The text "The End" fades.']],
  ['The dog, a poodle, barks and runs.', ['The dog, a poodle, barks.', 'The dog runs.']],
  ["She's dancing. After that, he's walking, then sits.", ["She's dancing.", "After that, he's walking.", 'He sits.']],
  // A conjunction stays where it says more than that both happen.
  ['The man sits down before the woman enters and speaks.', ['The man sits down.', 'Before the woman enters.', 'The woman speaks.']],
  ['A man enters while a woman sings and dances.', ['A man enters.', 'A woman sings.', 'The woman dances.']],
  // Where the subject is not certain, none is added.
  ['A dog sits down. Before leaving, the man waves and smiles.', ['A dog sits down.', 'Before leaving, the man waves.', 'Smiles.']],
  ['The video shows a man who is talking and then walks away.', ['The video shows a man who is talking.', 'Walks away.']],
  ['After lunch, young children play and sing.', ['After lunch, young children play.', 'Young children sing.']],
  ['1. A man enters the room.\n2. He sits down and reads.', ['A man enters the room.', 'He sits down.', 'He reads.']],
  ['## Summary\nA man walks.', ['A man walks.']],
  ['# A man walks.', ['A man walks.']],
  ['At 10 a.m. a man arrives. The U.S. flag waves.', ['At 10 a.m. a man arrives.', 'The U.S. flag waves.']],
  ['There is a star. The star spins.', ['There is a star.', 'The star spins.']],
  ['Ein roter Kreis bewegt sich und wächst.', ['Ein roter Kreis bewegt sich und wächst.']],
  ['一个红色的圆向右移动。然后它变大！“它停下了。”', ['一个红色的圆向右移动。', '然后它变大！', '“它停下了。”']],
  ['', []],
])('writes the clauses of "%s" as sentences', (text, sentences) => {
  expect(clausesOf(text).map(({ caption }) => caption)).toEqual(sentences)
})

test('clauses that are about the same have the same subject', () => {
  const text =
    'A dog runs, and after a few seconds it jumps. In the background, a dog waits and barks. As it rains, a cat sits down and sleeps.'
  expect(clausesOf(text).map(({ subject }) => subject)).toEqual(['dog', 'dog', 'dog', 'dog', 'dog', 'cat', 'cat'])
})
