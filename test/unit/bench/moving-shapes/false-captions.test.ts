import { describe, expect, it } from 'vitest'
import { clipOf } from '../../../../src/bench/moving-shapes/clips.ts'
import { exchangeKinds, falseCaption } from '../../../../src/bench/moving-shapes/false-captions.ts'
import { objectsIn } from '../../../../src/bench/moving-shapes/score.ts'
import { describeScene } from '../../../../src/bench/moving-shapes/words.ts'

describe.each(exchangeKinds)('a caption with a false %s', (kind) => {
  it('says one thing that is false, and marks it', () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const { scene, exchange } = clipOf(seed)
      const { text, sentence, start, end } = falseCaption(kind, scene, exchange)
      const told = objectsIn(text)
      const truth = objectsIn(describeScene(scene, false))
      expect(told.length).toBe(truth.length)
      const differences = truth.flatMap((object, i) => {
        const other = told[i]
        return [
          ...(other?.color === object.color ? [] : [`${i} color`]),
          ...(other?.shape === object.shape ? [] : [`${i} shape`]),
          ...object.motions.flatMap((motion, place) => (other?.motions[place] === motion ? [] : [`${i} motion`])),
        ]
      })
      expect(differences).toEqual([`${sentence} ${kind}`])
      const words = text.slice(start, end)
      const own = told[sentence]
      if (kind === 'motion') {
        const [wrong = ''] = own?.motions.filter((motion) => !truth[sentence]?.motions.includes(motion)) ?? []
        expect(wrong.endsWith(words)).toBe(true)
      } else expect(words).toBe(kind === 'color' ? own?.color : own?.shape)
      // In the right sentence.
      expect(text.slice(0, start).split('. ')).toHaveLength(sentence + 1)
    }
  })
})

it('never tells that a circle spins, which nobody sees', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const { scene, exchange } = clipOf(seed)
    expect(falseCaption('motion', scene, exchange).text).not.toMatch(/circle[^.]* spins/)
  }
})
