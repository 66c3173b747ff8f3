/** Prints lines of text for the tokenizer, `tsx vocabulary-texts.ts FOLDER`: every word of the questions and answers, and some thousand dialogues. */
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomScene } from '../../src/bench/moving-shapes/scene.ts'
import { vocabularyTexts } from '../../src/bench/moving-shapes/words.ts'
import { dialogueSet } from './dialogues.ts'
import { UnknownQuestions } from './unknown-questions.ts'

const random = new Random(1, 3)
const unknown = new UnknownQuestions(process.argv[2] ?? '.')
const lines = vocabularyTexts()
for (let i = 0; i < 1500; i++) {
  const scene = i % 8 === 0 ? null : randomScene(random, { aspect: 1, phases: 2 })
  for (const dialogue of dialogueSet({ scene, frames: 8 }, unknown, random)) {
    for (const { question, answer } of dialogue) lines.push(question, answer)
  }
}
process.stdout.write(`${lines.join('\n')}\n`)
