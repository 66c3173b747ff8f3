/** Prints lines of text for the tokenizer: every word of the questions and answers, and some hundred dialogues. */
import { Random } from '../../src/bench/moving-shapes/random.ts'
import { randomScene } from '../../src/bench/moving-shapes/scene.ts'
import { describeQuestion, randomQuestion, vocabularyTexts } from '../../src/bench/moving-shapes/words.ts'

const random = new Random(1, 3)
const lines = vocabularyTexts()
for (let i = 0; i < 600; i++) {
  const scene = randomScene(random, { aspect: 1, phases: 2 })
  for (const { question, answer } of [describeQuestion(scene, random, false), randomQuestion(scene, random, false)])
    lines.push(question, answer)
}
process.stdout.write(`${lines.join('\n')}\n`)
