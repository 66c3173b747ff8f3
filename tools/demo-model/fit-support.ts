/**
 * Fits the scale of support to true and false words, from the lines of `npm run demo:evaluate -- --check --verbose 2> FILE`:
 * `npx tsx tools/demo-model/fit-support.ts FILE`. Logistic regression with Platt's targets, which keep the slope finite where all words are told
 * apart; true and false words have the same weight in sum.
 */
import { readFile } from 'node:fs/promises'
import { evidenceOf } from '../../src/engine/events/support.ts'
import type { CheckedTexts } from './evaluate-check.ts'

const lines = (await readFile(process.argv[2] ?? '', 'utf8')).split('\n').filter((line) => line.startsWith('{'))
const pairs = lines.map((line) => JSON.parse(line) as CheckedTexts)
const right = pairs.flatMap(({ truth }) => truth.flatMap(({ words }) => evidenceOf(words)))
const wrong = pairs.flatMap(({ wrong: sentences, place }) => {
  const words = sentences[place.sentence]?.words ?? []
  const evidence = evidenceOf(words).filter((_, i) => (words[i]?.start ?? 0) < place.end && (words[i]?.end ?? 0) > place.start)
  return evidence.length > 0 ? [Math.min(...evidence)] : []
})
const { offset, slope } = fitted(right, wrong)
console.log(JSON.stringify({ captions: pairs.length, right: right.length, wrong: wrong.length, offset, slope, even: -offset / slope }))

function fitted(greater: readonly number[], less: readonly number[]): { offset: number; slope: number } {
  const [few, many] = [1 / (less.length + 2), (greater.length + 1) / (greater.length + 2)]
  const points = [
    ...greater.map((x) => ({ x, target: many, weight: 1 / greater.length })),
    ...less.map((x) => ({ x, target: few, weight: 1 / less.length })),
  ]
  let [offset, slope] = [3, 1]
  // Newton's method; the loss is convex.
  for (let round = 0; round < 100; round += 1) {
    let [g0, g1, h00, h01, h11] = [0, 0, 1e-9, 0, 1e-9]
    for (const { x, target, weight } of points) {
      const chance = 1 / (1 + Math.exp(-offset - slope * x))
      const [error, bend] = [weight * (chance - target), weight * chance * (1 - chance)]
      g0 += error
      g1 += error * x
      h00 += bend
      h01 += bend * x
      h11 += bend * x * x
    }
    const determinant = h00 * h11 - h01 * h01
    offset -= (h11 * g0 - h01 * g1) / determinant
    slope -= (h00 * g1 - h01 * g0) / determinant
  }
  return { offset, slope }
}
